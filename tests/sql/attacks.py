"""Every attack on SQL text that we know of, each with the code of the rule that must refuse it.

Numbers are those of the attack catalogue (disclosure) and of the notes on DuckDB (6.1 and 6.3).
"""

from typing import NamedTuple


class Attack(NamedTuple):
    where: str
    sql: str
    code: str


_PLAIN = """
1   | sql-star               | SELECT * FROM patients
1   | sql-star               | FROM patients
1   | sql-star               | TABLE patients
1   | sql-column             | SELECT patients FROM patients
1   | sql-star               | SELECT COLUMNS('.*') FROM patients
1   | sql-star               | SELECT COLUMNS(c -> c LIKE 's%') FROM patients
1   | sql-star               | SELECT * EXCLUDE (sex) FROM patients
1   | sql-star               | SELECT * REPLACE (1 AS sex) FROM patients
1   | sql-star               | SELECT patients.* FROM patients
1   | sql-describe           | SUMMARIZE patients
1   | sql-describe           | SELECT sex FROM (SUMMARIZE patients)
1   | sql-describe           | DESCRIBE patients
1   | sql-describe           | SHOW TABLES
1   | sql-function           | SELECT min FROM summary(patients)
2   | sql-rows-of-people     | SELECT patient_id, count(*) FROM clinical_events GROUP BY patient_id
2   | sql-rows-of-people     | SELECT count(*) FROM clinical_events GROUP BY patient_id
2   | sql-rows-of-people     | SELECT sex FROM patients
2   | sql-syntax             | SELECT count(*), sex FROM patients GROUP BY ALL, patient_id
2   | sql-rows-of-people     | SELECT count(*), sex FROM patients GROUP BY CUBE (sex, patient_id)
2   | sql-column             | SELECT rowid, count(*) FROM patients GROUP BY rowid
2   | sql-function           | SELECT md5(patient_id::VARCHAR), count(*) FROM patients GROUP BY 1
2   | sql-function           | SELECT hash(patient_id) % 1000000000, count(*) FROM patients GROUP BY 1
2   | sql-patient-use        | SELECT left(patient_id::VARCHAR, 8) AS k, count(*) FROM patients GROUP BY k
2   | sql-patient-use        | SELECT CASE WHEN sex = 'f' THEN patient_id::VARCHAR ELSE 'm' END AS k, count(*) FROM patients GROUP BY k
2   | sql-rows-of-people     | SELECT coalesce(patient_id, patient_id) AS k, count(*) FROM patients GROUP BY k
3   | sql-function           | SELECT list(imd_quintile) FROM patients
3   | sql-function           | SELECT array_agg(imd_quintile) FROM patients
3   | sql-function           | SELECT string_agg(region, ',') FROM patients
3   | sql-function           | SELECT group_concat(region) FROM patients
3   | sql-function           | SELECT listagg(region, ',') FROM patients
3   | sql-function           | SELECT json_group_array(region) FROM patients
3   | sql-function           | SELECT to_json(list(region)) FROM patients
3   | sql-function           | SELECT histogram(imd_quintile) FROM patients
3   | sql-function           | SELECT histogram_exact(imd_quintile, [1, 2]) FROM patients
3   | sql-function           | SELECT map_from_entries(list((sex, region))) FROM patients
3   | sql-function           | SELECT bitstring_agg(imd_quintile) FROM patients
3   | sql-function           | SELECT approx_top_k(region, 3) FROM patients
3   | sql-function           | SELECT lttb(imd_quintile, imd_quintile, 10) FROM patients
3   | sql-function           | SELECT ARRAY(SELECT region FROM patients)
3   | sql-arity              | SELECT max(imd_quintile, 5) FROM patients
3   | sql-arity              | SELECT arg_max(region, date_of_birth, 5) FROM patients
4   | sql-function           | SELECT any_value(region) FROM patients
4   | sql-function           | SELECT first(region) FROM patients
4   | sql-function           | SELECT last(region) FROM patients
4   | sql-function           | SELECT arbitrary(region) FROM patients
4   | sql-function           | SELECT mode(region) FROM patients
4   | sql-function           | SELECT mad(imd_quintile) FROM patients
5   | sql-function           | SELECT approx_quantile(imd_quintile, [0, 1]) FROM patients
5   | sql-function           | SELECT quantile_cont(imd_quintile, [0, 0.5, 1]) FROM patients
5   | sql-function           | SELECT reservoir_quantile(imd_quintile, 0.999) FROM patients
6   | sql-rows-of-people     | SELECT sum(imd_quintile) OVER (PARTITION BY patient_id) FROM patients
6   | sql-rows-of-people     | SELECT row_number() OVER (ORDER BY date_of_birth) AS rn FROM patients
7   | sql-having             | SELECT region, count(*) FROM patients GROUP BY region HAVING count(*) = 1
7   | sql-having             | SELECT region, count(*) FROM patients GROUP BY region HAVING count(DISTINCT patient_id) BETWEEN 1 AND 4
7   | sql-having             | SELECT region FROM patients GROUP BY region HAVING count(*) < 8
7   | sql-having             | SELECT region FROM patients GROUP BY region HAVING max(imd_quintile) > 4
7   | sql-having             | SELECT region FROM patients GROUP BY region HAVING NOT count(*) > 8
7   | sql-having             | SELECT region FROM patients GROUP BY region HAVING count(*) > 8 OR sum(imd_quintile) < 3
7   | sql-having             | SELECT region FROM patients GROUP BY region HAVING -count(*) > -8
7   | sql-having             | SELECT sex, count(DISTINCT patient_id) FROM patients JOIN range(0, 5) r ON true GROUP BY sex HAVING count(*) > 105
7   | sql-having             | SELECT sex, count(DISTINCT patient_id) FROM (SELECT patient_id, sex FROM patients UNION ALL SELECT patient_id, sex FROM patients) GROUP BY sex HAVING count(*) >= 50
7   | sql-having             | SELECT region, n FROM (SELECT region, count(*) AS n FROM patients GROUP BY region) WHERE n < 8
7   | sql-having             | SELECT a.region, a.n FROM (SELECT region, count(*) AS n FROM patients GROUP BY region) a JOIN (SELECT region, count(*) AS n FROM patients WHERE sex = 'female' GROUP BY region) b ON a.region = b.region AND a.n = b.n
7   | sql-having             | SELECT sex, count(*) FROM patients GROUP BY sex HAVING count_if(imd_quintile = 1) >= 1
7   | sql-having             | SELECT sex, count(*) FROM patients GROUP BY sex HAVING count(*) > 8 AND count(*) FILTER (WHERE imd_quintile = 1) > 10
7   | sql-having             | SELECT sex, count(*) FROM patients GROUP BY sex HAVING count(DISTINCT CASE WHEN imd_quintile = 1 THEN patient_id END) > 10
7   | sql-having             | SELECT sex, n FROM (SELECT sex, count(*) AS n, count_if(imd_quintile = 1) AS k FROM patients GROUP BY sex) WHERE k > 10
7   | sql-having             | SELECT sex, count(*) FROM patients GROUP BY sex HAVING count(*) > 57
7   | sql-having             | SELECT sex, count(*) FROM patients GROUP BY sex HAVING count(*) >= 1
7   | sql-having             | SELECT sex, count(*) FROM patients GROUP BY sex QUALIFY row_number() OVER (ORDER BY count_if(imd_quintile = 1)) = 1
24  | sql-order              | SELECT sex, count(*) FROM patients GROUP BY sex ORDER BY max(CASE WHEN imd_quintile = 1 THEN 1 ELSE 0 END) DESC LIMIT 1
24  | sql-order              | SELECT sex, count(*) FROM patients GROUP BY sex ORDER BY count_if(imd_quintile = 1)
24  | sql-order              | SELECT sex, count(*) AS n, count_if(imd_quintile = 1) AS k FROM patients GROUP BY sex ORDER BY k
24  | sql-order              | SELECT sex, count(*) AS n, avg(imd_quintile) AS m FROM patients GROUP BY sex ORDER BY 3 DESC
24  | sql-order              | SELECT region, count(*) AS n FROM patients GROUP BY region, sex ORDER BY region, min(imd_quintile)
24  | sql-order              | SELECT sex, n FROM (SELECT sex, count(*) AS n, bool_or(imd_quintile = 1) AS b FROM patients GROUP BY sex) ORDER BY b LIMIT 1
24  | sql-order              | SELECT DISTINCT ON (b) b, sex FROM (SELECT sex, bool_or(imd_quintile = 1) AS b FROM patients GROUP BY sex) ORDER BY b
24  | sql-order              | SELECT 'a' AS k, count_if(imd_quintile = 1) AS n FROM patients UNION ALL SELECT 'b', count_if(imd_quintile = 2) FROM patients ORDER BY n
24  | sql-order              | SELECT g, count(*) AS n FROM (SELECT 'bound' AS g FROM range(0, 21) r(i) UNION ALL SELECT 'us' FROM patients) x GROUP BY g ORDER BY n DESC LIMIT 1
24  | sql-order              | SELECT 'us' AS g, count(*) AS n FROM patients UNION ALL SELECT 'bound', count(*) FROM range(0, 21) ORDER BY n DESC LIMIT 1
8   | sql-patient-use        | SELECT count(*) FROM patients WHERE patient_id = '3'
8   | sql-patient-use        | SELECT count(*) FROM patients WHERE patient_id IN ('3', '4')
8   | sql-patient-use        | SELECT count(*) FROM patients WHERE patient_id BETWEEN '3' AND '4'
8   | sql-patient-use        | SELECT count(*) FROM patients WHERE patient_id::VARCHAR LIKE '3%'
8   | sql-patient-use        | SELECT count(*) FROM patients WHERE patient_id = $index_date
8   | sql-patient-use        | SELECT count(*) FROM patients WHERE list_contains($codes, patient_id)
8   | sql-patient-use        | SELECT count(*) FROM patients p JOIN (VALUES ('3')) v(id) ON p.patient_id = v.id
8   | sql-patient-use        | SELECT count(*) FROM patients p SEMI JOIN (VALUES ('3')) v(id) ON p.patient_id = v.id
8   | sql-patient-use        | SELECT count(*) FROM patients WHERE patient_id IN (SELECT id FROM (VALUES ('3')) v(id))
8   | sql-patient-use        | SELECT count(*) FROM patients WHERE patient_id = (SELECT '3')
8   | sql-patient-use        | SELECT count(*) FROM patients JOIN (SELECT '3' AS patient_id) USING (patient_id)
8   | sql-patient-use        | SELECT count(*) FROM clinical_events a JOIN patients b ON a.patient_id > b.patient_id
9   | sql-patient-use        | SELECT count(*) FILTER (WHERE patient_id = '3') FROM patients
9   | sql-patient-use        | SELECT sum(CASE WHEN patient_id = '3' THEN imd_quintile ELSE 0 END) FROM patients
9   | sql-patient-use        | SELECT bool_or(patient_id = '3' AND sex = 'female') FROM patients
9   | sql-patient-use        | SELECT count_if(patient_id = '3') FROM patients
9   | sql-patient-use        | SELECT sum(imd_quintile * (patient_id = '3')::INT) FROM patients
9   | sql-patient-use        | SELECT max(patient_id) FROM patients
9   | sql-patient-use        | SELECT arg_max(patient_id, date_of_birth) FROM patients
10  | sql-patient-use        | SELECT regr_slope(imd_quintile, (patient_id = '3')::INT) FROM patients
10  | sql-patient-use        | SELECT corr(imd_quintile, (patient_id = '3')::INT) FROM patients
11  | sql-function           | SELECT product(imd_quintile + 1) FROM patients
11  | sql-function           | SELECT bit_xor(imd_quintile) FROM patients
11  | sql-function           | SELECT fsum(imd_quintile) FROM patients
11  | sql-function           | SELECT kahan_sum(imd_quintile) FROM patients
11  | sql-function           | SELECT sem(imd_quintile) FROM patients
11  | sql-function           | SELECT entropy(imd_quintile) FROM patients
11  | sql-function           | SELECT favg(imd_quintile) FROM patients
12  | sql-single-row         | SELECT count(*) + (SELECT imd_quintile FROM patients WHERE region = 'x') / 1e9 FROM patients
12  | sql-single-row         | SELECT count(DISTINCT patient_id), (SELECT sex FROM patients WHERE region = 'x') AS s FROM patients
12  | sql-limit              | SELECT count(*) + (SELECT imd_quintile FROM patients ORDER BY date_of_birth LIMIT 1) FROM patients
13  | sql-not-select         | PIVOT patients ON sex USING count(*)
13  | sql-not-select         | PIVOT patients ON region USING first(sex)
13  | sql-construct          | UNPIVOT patients ON sex, region
13  | sql-construct          | SELECT sex FROM (UNPIVOT patients ON sex, region INTO NAME a VALUE b)
13  | sql-name               | SELECT count(*) AS "n7 is HIV positive" FROM patients
13  | sql-name               | SELECT count(*) AS tre_people FROM patients
13  | sql-name               | SELECT count(*) AS n__people FROM patients
14  | sql-function           | SELECT error('x' || region) FROM patients
14  | sql-function           | SELECT if(count(*) = 1, error('yes'), 'no') FROM patients
14  | sql-construct          | SELECT TRY(sum(imd_quintile)) FROM patients
15  | sql-series-args        | SELECT count(*) FROM patients, range((SELECT max(imd_quintile) FROM patients))
15  | sql-series-args        | SELECT count(*) FROM patients p, generate_series(1, p.imd_quintile)
15  | sql-series-args        | SELECT count(*) FROM patients p, LATERAL (SELECT g.range FROM range(p.imd_quintile) g)
15  | sql-function           | SELECT count(*) FROM patients, repeat('x', 1000)
15  | sql-function           | SELECT count(*), sleep_ms(1000) FROM patients
15  | sql-function           | SELECT count(*), pg_sleep(10) FROM patients
15  | sql-function           | SELECT length(repeat('x', 1000000000)) FROM patients
15  | sql-function           | SELECT lpad('x', 1000000000, 'y') FROM patients
15  | sql-function           | SELECT unnest(range(1000000000))
15  | sql-recursive          | WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r
16  | sql-function           | SELECT imd_quintile FROM query('SELECT max(imd_quintile) FROM patients')
16  | sql-function           | SELECT imd_quintile FROM query_table('patients')
16  | sql-function           | SELECT x FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))
16  | sql-function           | SELECT json_serialize_sql('SELECT 1')
17  | sql-function           | SELECT x FROM read_csv('/etc/passwd')
17  | sql-function           | SELECT x FROM read_csv_auto('/etc/passwd')
17  | sql-function           | SELECT x FROM read_parquet('x.parquet')
17  | sql-function           | SELECT x FROM parquet_scan('x.parquet')
17  | sql-function           | SELECT x FROM parquet_metadata('x.parquet')
17  | sql-function           | SELECT x FROM read_json('x.json')
17  | sql-function           | SELECT x FROM read_ndjson('x.json')
17  | sql-function           | SELECT x FROM read_text('/etc/passwd')
17  | sql-function           | SELECT x FROM read_blob('/data/ehr.duckdb')
17  | sql-function           | SELECT x FROM read_duckdb('/data/ehr.duckdb', table_name = 'secret')
17  | sql-function           | SELECT x FROM glob('/**')
17  | sql-function           | SELECT x FROM sniff_csv('/etc/passwd')
17  | sql-function           | SELECT x FROM seq_scan('patients')
17  | sql-function           | SELECT x FROM arrow_scan(1, 2, 3)
17  | sql-function           | SELECT x FROM pandas_scan(1)
17  | sql-function           | SELECT x FROM python_map_function(1)
17  | sql-table              | SELECT x FROM 'file.csv'
17  | sql-table              | SELECT x FROM "https://example.org/x.parquet"
17  | sql-table              | SELECT x FROM '/data/ehr.duckdb'
17  | sql-changes-data       | WITH t AS (COPY (SELECT 1) TO '/x.csv') SELECT 1
17  | sql-changes-data       | WITH t AS (DELETE FROM patients RETURNING sex) SELECT sex FROM t
17  | sql-changes-data       | WITH t AS (INSERT INTO patients (sex) VALUES ('x') RETURNING sex) SELECT sex FROM t
17  | sql-changes-data       | WITH t AS (UPDATE patients SET sex = 'x' RETURNING sex) SELECT sex FROM t
17  | sql-not-select         | COPY patients TO '/out/x.csv'
17  | sql-not-select         | EXPORT DATABASE '/out'
17  | sql-not-select         | IMPORT DATABASE '/out'
17  | sql-not-select         | ATTACH '/data/ehr.duckdb'
17  | sql-not-select         | ATTACH ':memory:' AS m
17  | sql-not-select         | DETACH m
17  | sql-not-select         | USE main
17  | sql-not-select         | INSTALL httpfs
17  | sql-not-select         | LOAD httpfs
17  | sql-not-select         | PRAGMA database_list
17  | sql-not-select         | PRAGMA enable_profiling
17  | sql-not-select         | SET memory_limit = '1TB'
17  | sql-not-select         | RESET memory_limit
17  | sql-not-select         | SET VARIABLE x = 1
17  | sql-not-select         | CALL pragma_version()
17  | sql-not-select         | CHECKPOINT
17  | sql-not-select         | VACUUM
17  | sql-not-select         | EXPLAIN SELECT sex FROM patients
17  | sql-not-select         | EXPLAIN ANALYZE INSERT INTO patients (sex) VALUES ('x')
17  | sql-not-select         | CREATE SECRET s (TYPE s3)
17  | sql-not-select         | CREATE TABLE x AS SELECT 1 AS a
17  | sql-not-select         | CREATE TEMP VIEW patients AS SELECT 1 AS a
17  | sql-not-select         | DROP TABLE patients
17  | sql-not-select         | BEGIN TRANSACTION
17  | sql-not-select         | PREPARE q AS SELECT 1
17  | sql-not-select         | EXECUTE q
17  | sql-function           | SELECT getvariable('x')
17  | sql-function           | SELECT current_setting('temp_directory')
17  | sql-function           | SELECT getenv('HOME')
17  | sql-function           | SELECT current_query()
17  | sql-function           | SELECT nextval('s')
17  | sql-function           | SELECT currval('s')
17  | sql-function           | SELECT txid_current()
17  | sql-function           | SELECT write_log('x')
17  | sql-function           | SELECT stats(region) FROM patients
17  | sql-function           | SELECT name FROM duckdb_settings()
17  | sql-function           | SELECT name FROM duckdb_secrets()
17  | sql-function           | SELECT name FROM which_secret('s3://x', 's3')
17  | sql-function           | SELECT path FROM duckdb_databases()
17  | sql-function           | SELECT sql FROM duckdb_views()
17  | sql-function           | SELECT x FROM pragma_storage_info('patients')
17  | sql-function           | SELECT x FROM pragma_table_info('patients')
17  | sql-function           | SELECT x FROM enable_logging()
17  | sql-function           | SELECT x FROM truncate_duckdb_logs()
17  | sql-function           | SELECT x FROM checkpoint()
17  | sql-function           | SELECT x FROM force_checkpoint()
17  | sql-function           | SELECT x FROM test_all_types()
17  | sql-function           | SELECT x FROM create_external_resource()
17  | sql-table-path         | SELECT table_name FROM information_schema.tables
17  | sql-table-path         | SELECT relname FROM pg_catalog.pg_class
17  | sql-table              | SELECT name FROM sqlite_master
17  | sql-table              | SELECT name FROM duckdb_tables
17  | sql-table-path         | SELECT sex FROM main.patients
17  | sql-table-path         | SELECT sex FROM other.main.patients
17  | sql-construct          | SELECT sex FROM patients AT (VERSION => 1)
18  | sql-function-schema    | SELECT region.max() FROM patients
18  | sql-function-schema    | SELECT system.main.max(region) FROM patients
18  | sql-function-schema    | SELECT main.max(region) FROM patients
18  | sql-position-reference | SELECT #1 FROM patients
18  | sql-from-first         | FROM patients SELECT sex, count(*) GROUP BY sex
18  | sql-from-first         | SELECT sex, n FROM (FROM patients SELECT sex, count(*) AS n GROUP BY sex)
18  | sql-one-statement      | SELECT 1 AS a; SELECT 2 AS a
18  | sql-one-statement      | SELECT count(*) FROM patients; DROP TABLE patients
18  | sql-syntax             | FROM patients |> WHERE sex = 'x'
18  | sql-syntax             | SELECT /* /* */ count(*) FROM patients
18  | sql-table-path         | SELECT main.patients.sex, count(*) FROM patients GROUP BY ALL
18  | sql-literal            | SELECT x'00ff'
19  | sql-rows-of-people     | SELECT sex, count(*) FROM patients GROUP BY sex UNION ALL SELECT region, imd_quintile FROM patients
19  | sql-patient-use        | SELECT sex, count(*) FROM patients GROUP BY sex UNION ALL SELECT region, imd_quintile FROM patients WHERE patient_id = '3'
21  | sql-patient-use        | SELECT count(DISTINCT patient_id::VARCHAR || date::VARCHAR) FROM clinical_events
24  | sql-rows-of-people     | SELECT imd_quintile FROM patients ORDER BY imd_quintile DESC LIMIT 1 OFFSET 3
24  | sql-limit              | SELECT count(*) FROM (SELECT sex FROM patients ORDER BY date_of_birth LIMIT 8)
24  | sql-limit              | SELECT count(*) FROM (SELECT sex FROM patients ORDER BY date_of_birth OFFSET 8)
24  | sql-construct          | SELECT count(*) FROM (SELECT sex FROM patients LIMIT 10%)
24  | sql-sample             | SELECT count(*) FROM patients USING SAMPLE 10
24  | sql-sample             | SELECT count(*) FROM patients TABLESAMPLE 10%
24  | sql-sample             | SELECT count(*) FROM patients TABLESAMPLE reservoir(10 ROWS)
24  | sql-rows-of-people     | SELECT sex FROM patients QUALIFY row_number() OVER (ORDER BY date_of_birth) = 1
26  | sql-not-select         | CREATE TEMP MACRO count(x) AS 1
26  | sql-shadow             | WITH patients AS (SELECT sex FROM patients) SELECT sex, count(*) FROM patients GROUP BY sex
27  | sql-rows-of-people     | SELECT DISTINCT patient_id FROM patients
27  | sql-dimension          | SELECT DISTINCT practice_pseudo_id FROM practice_registrations
29  | sql-dimension          | SELECT practice_pseudo_id, count(DISTINCT patient_id) FROM practice_registrations GROUP BY 1
29  | sql-dimension          | SELECT left(practice_pseudo_id::VARCHAR, 8) AS p, count(*) FROM practice_registrations GROUP BY p
29  | sql-dimension          | SELECT CASE WHEN start_date > $index_date THEN practice_pseudo_id END AS p, count(*) FROM practice_registrations GROUP BY p
29  | sql-dimension          | SELECT pr, count(*) FROM (SELECT patient_id, max(practice_pseudo_id) AS pr FROM practice_registrations GROUP BY 1) GROUP BY pr
29  | sql-dimension          | SELECT p, count(*) FROM (SELECT lag(practice_pseudo_id) OVER (PARTITION BY patient_id ORDER BY start_date) AS p FROM practice_registrations) GROUP BY p
d   | sql-function           | SELECT count(*), random() FROM patients GROUP BY 2
d   | sql-function           | SELECT count(*) FROM patients WHERE random() < 0.5
d   | sql-function           | SELECT uuid(), count(*) FROM patients
d   | sql-function           | SELECT gen_random_uuid(), count(*) FROM patients
d   | sql-function           | SELECT count(*) FROM patients WHERE date_of_birth < now()
d   | sql-function           | SELECT count(*) FROM patients WHERE date_of_birth < current_date
d   | sql-function           | SELECT count(*) FROM patients WHERE date_of_birth < current_date()
d   | sql-function           | SELECT count(*) FROM patients WHERE date_of_birth < today()
d   | sql-function           | SELECT count(*) FROM patients WHERE date_of_birth < current_timestamp
d   | sql-arity              | SELECT count(*) FROM patients WHERE age(date_of_birth) > INTERVAL 65 YEAR
d   | sql-function           | SELECT approx_count_distinct(patient_id) FROM patients
s   | sql-table              | SELECT count(*) FROM secrets
s   | sql-table              | SELECT count(*) FROM patients WHERE EXISTS (SELECT 1 FROM secrets)
s   | sql-table              | SELECT sex, count(*) FROM patients GROUP BY sex UNION ALL SELECT a, b FROM secrets
s   | sql-table              | WITH a AS (WITH b AS (SELECT x FROM secrets) SELECT x FROM b) SELECT count(*) FROM a
s   | sql-table              | SELECT count(*) FROM patients p, LATERAL (SELECT s.x FROM secrets s WHERE s.id = p.patient_id) l
s   | sql-column             | SELECT count(nhs_number) FROM patients
s   | sql-column             | SELECT count(*) FROM patients ORDER BY nhs_number
s   | sql-column             | SELECT count(*) FILTER (WHERE nhs_number IS NULL) FROM patients
s   | sql-column             | SELECT count(*) FROM patients JOIN clinical_events USING (nhs_number)
s   | sql-column             | SELECT count(*) FROM patients p WHERE EXISTS (SELECT 1 FROM clinical_events e WHERE e.nhs_number = p.patient_id)
s   | sql-source             | SELECT q.sex, count(*) FROM patients p GROUP BY 1
s   | sql-parameter          | SELECT count(*) FROM patients WHERE date_of_birth < $unknown_date
s   | sql-parameter          | SELECT count(*) FROM patients WHERE date_of_birth < $1
s   | sql-parameter          | SELECT count(*) FROM patients WHERE date_of_birth < ?
s   | sql-ambiguous          | SELECT count(*) FROM clinical_events a JOIN medications b ON a.patient_id = b.patient_id WHERE date > $index_date
s   | sql-name-taken         | SELECT count(*) FROM patients p JOIN clinical_events p ON true
s   | sql-name-taken         | SELECT sex AS a, count(*) AS a FROM patients GROUP BY sex
s   | sql-syntax             | WITH a AS (SELECT 1 AS x), a AS (SELECT 2 AS x) SELECT x FROM a
s   | sql-join-kind          | SELECT count(*) FROM patients NATURAL JOIN clinical_events
s   | sql-join-kind          | SELECT count(*) FROM patients POSITIONAL JOIN clinical_events
s   | sql-join-kind          | SELECT count(*) FROM patients p ASOF JOIN clinical_events e ON p.patient_id = e.patient_id AND p.date_of_birth <= e.date
s   | sql-type               | SELECT count(*) FROM patients WHERE sex::JSON IS NULL
s   | sql-type               | SELECT count(*) FROM patients WHERE sex::ENUM('a', 'b') IS NULL
s   | sql-type               | SELECT count(*) FROM patients WHERE imd_quintile::INTEGER[] IS NULL
s   | sql-construct          | SELECT count(*) FROM patients WHERE region COLLATE nocase = 'x'
s   | sql-construct          | SELECT count(*) FROM patients WHERE region[1] = 'x'
s   | sql-function           | SELECT count(*) FROM patients WHERE {'a': region}.a = 'x'
s   | sql-function           | SELECT list_transform([1], lambda x: x + 1)
s   | sql-construct          | SELECT count(*) FROM patients WHERE list_contains(list_value(sex), 'x')
s   | sql-aggregate-form     | SELECT sum(DISTINCT imd_quintile) FROM patients
s   | sql-aggregate-form     | SELECT max(region ORDER BY date_of_birth) FROM patients
s   | sql-aggregate-form     | SELECT sum(imd_quintile ORDER BY region) FROM patients
s   | sql-binds-not          | SELECT sex, region, count(*) FROM patients GROUP BY sex
s   | sql-binds-not          | SELECT sum(region) FROM patients
s   | sql-unit               | SELECT date_trunc('fortnight', date_of_birth) AS d, count(*) FROM patients GROUP BY 1
s   | sql-unit               | SELECT date_trunc(region, date_of_birth) AS d, count(*) FROM patients GROUP BY 1
s   | sql-interval           | SELECT count(*) FROM patients WHERE date_of_birth < $index_date::DATE - INTERVAL '1 year 2 months'
s   | sql-position           | SELECT sex, count(*) FROM patients GROUP BY 3
s   | sql-position           | SELECT sex, count(*) FROM patients GROUP BY 1 ORDER BY 9
s   | sql-columns-count      | SELECT sex, count(*) FROM patients GROUP BY 1 UNION ALL SELECT count(*) FROM patients
s   | sql-construct          | SELECT arg_max(region, CASE WHEN sex = 'female' THEN row(date_of_birth, region) END) FROM patients
s   | sql-function           | SELECT max((date_of_birth, region)) FROM patients
s   | sql-function           | SELECT arg_max((region, sex), date_of_birth) FROM patients
s   | sql-empty              |
"""


def _attacks() -> list[Attack]:
    rows = (line.split("|", 2) for line in _PLAIN.strip().split("\n"))
    return [Attack(where.strip(), sql.strip(), code.strip()) for where, code, sql in rows]


ATTACKS = _attacks()
