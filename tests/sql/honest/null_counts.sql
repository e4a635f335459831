-- proved
SELECT count(*) AS events, count(date) AS dated, count_if(date IS NULL) AS undated FROM clinical_events
