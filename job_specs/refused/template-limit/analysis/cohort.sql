{% for a in range(0, 9) %}{% for b in range(0, 9) %}{% for c in range(0, 9) %}{% endfor %}{% endfor %}{% endfor %}SELECT 1
