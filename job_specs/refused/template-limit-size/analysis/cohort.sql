SELECT 1{% for a in range(0, 1000) %}{% for b in range(0, 1000) %} + 1{% endfor %}{% endfor %}
