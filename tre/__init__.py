"""The service: people, studies, custody of cases, the worker and its faces. Refuses to let a patient be seen."""
