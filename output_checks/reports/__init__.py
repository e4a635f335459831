"""Reports for people (terminal, HTML) and for machines (JSON Schema, SARIF, SATRE, ACRO). Each says the same judgement."""
