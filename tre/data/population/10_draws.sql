-- Randomness: every number is a pure function of (seed, person, stream), so that the same seed gives the same people on any
-- number of threads. hash(a, b) with two arguments is correlated across b; hashing one mixed integer is not.
CREATE TEMP MACRO mix(h, k) AS hash(xor(h, hash(k + getvariable('seed') * 1000003)));
CREATE TEMP MACRO draw(h, k) AS (mix(h, k) >> 11)::DOUBLE / 9007199254740992.0;
CREATE TEMP MACRO positive(u) AS greatest(u, 1e-12);
CREATE TEMP MACRO normal(h, k) AS sqrt(-2 * ln(positive(draw(h, k)))) * cos(2 * pi() * draw(h, k + 500000));
CREATE TEMP MACRO pick(list, u) AS list[1 + floor(u * len(list))::INTEGER];
CREATE TEMP MACRO between_dates(first, last, u) AS first + floor(u * greatest(date_diff('day', first, last), 0))::INTEGER;
CREATE TEMP MACRO first_day() AS DATE '2018-01-01';
CREATE TEMP MACRO last_day() AS DATE '2025-12-31';
-- The weighted choice of a code: codes of a cluster laid end to end along [0, 1).
CREATE TEMP TABLE code AS
SELECT code, system, cluster, term, weight,
       (sum(weight) OVER w - weight) / sum(weight) OVER (PARTITION BY system, cluster) AS low,
       sum(weight) OVER w / sum(weight) OVER (PARTITION BY system, cluster) AS high
FROM read_csv(getvariable('codes'), header = true, all_varchar = true,
              types = {'weight': 'DOUBLE'})
WINDOW w AS (PARTITION BY system, cluster ORDER BY code ROWS UNBOUNDED PRECEDING);
-- The same as lists, for picking without a join: cluster -> its codes, each as often as its weight.
CREATE TEMP TABLE codes_of AS
SELECT cluster, list(code ORDER BY code, copy) AS codes
FROM code, range(10) AS copies(copy) WHERE copy < weight GROUP BY cluster;
CREATE TEMP MACRO a_code(of_cluster, u) AS pick((SELECT codes FROM codes_of WHERE cluster = of_cluster), u);
