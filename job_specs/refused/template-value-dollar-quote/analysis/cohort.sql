SELECT $$ {{ parameters.sex }} $$
