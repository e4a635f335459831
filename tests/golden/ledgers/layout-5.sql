BEGIN TRANSACTION;
CREATE TABLE beside_layout (
	step INTEGER NOT NULL, 
	PRIMARY KEY (step)
);
INSERT INTO "beside_layout" VALUES(1);
INSERT INTO "beside_layout" VALUES(2);
INSERT INTO "beside_layout" VALUES(3);
INSERT INTO "beside_layout" VALUES(4);
INSERT INTO "beside_layout" VALUES(5);
CREATE TABLE claims (
	case_id TEXT NOT NULL, 
	action TEXT NOT NULL, 
	token INTEGER NOT NULL, 
	worker TEXT NOT NULL, 
	PRIMARY KEY (case_id, action, token)
);
INSERT INTO "claims" VALUES('run-1','cohort',1,'one');
CREATE TABLE daybook (
	position INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	previous TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (position)
);
INSERT INTO "daybook" VALUES(1,'paused','2024-03-01T09:30:00.000000Z','eve','{"why":"a new disk"}','0000000000000000000000000000000000000000000000000000000000000000','92cb4abd5ae43ea60ea056d328ea2d49ef439ecb8b21ac7cd50e4c14813022d6');
CREATE TABLE estimates (
	case_id TEXT NOT NULL, 
	action TEXT NOT NULL, 
	band TEXT NOT NULL, 
	PRIMARY KEY (case_id, action)
);
CREATE TABLE events (
	position INTEGER NOT NULL, 
	case_id TEXT NOT NULL, 
	case_kind TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	at TEXT NOT NULL, 
	policy TEXT NOT NULL, 
	previous TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (position), 
	CONSTRAINT one_event_per_place_in_a_case UNIQUE (case_id, seq), 
	CONSTRAINT positions_count_from_one CHECK (position >= 1), 
	CONSTRAINT cases_count_from_one CHECK (seq >= 1)
);
INSERT INTO "events" VALUES(1,'waning','application',1,'application.applied',1,'{"proposal":{"datasets":[{"columns":["patient_id","sex"],"table":"patients"},{"columns":["date"],"table":"vaccinations"}],"ends":"2025-12-31","lay_summary":"How long protection lasts.","legal_basis":"covid-19-directions-2020","members":["ada","grace"],"organisation":"University of Somewhere","purpose":"covid-19-research","starts":"2024-01-01","title":"Waning — immunité après vaccination"}}','ada','2024-03-01T09:30:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','0000000000000000000000000000000000000000000000000000000000000000','dbb4cf8bab617b46122de5c90ee6b9cab0d569bf69828651a3475211c0783b0e');
INSERT INTO "events" VALUES(2,'waning','application',2,'application.returned',1,'{"reason":{"code":"needs-changes","note":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}','mary','2024-03-01T09:31:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','dbb4cf8bab617b46122de5c90ee6b9cab0d569bf69828651a3475211c0783b0e','d222da59059e1d230cbf3618535935ed6baf09bfe32726348da3c8897bbce5d2');
INSERT INTO "events" VALUES(3,'waning','application',3,'application.revised',1,'{"proposal":{"datasets":[{"columns":["patient_id","sex"],"table":"patients"},{"columns":["date"],"table":"vaccinations"}],"ends":"2025-12-31","lay_summary":"How long protection lasts.","legal_basis":"covid-19-directions-2020","members":["ada","grace"],"organisation":"University of Somewhere","purpose":"covid-19-research","starts":"2024-01-01","title":"Waning — immunité après vaccination"}}','ada','2024-03-01T09:32:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','d222da59059e1d230cbf3618535935ed6baf09bfe32726348da3c8897bbce5d2','c6327ad21ce7d167bd32f66f0bccf95316025f4722438f6ede514ed500dcc5a9');
INSERT INTO "events" VALUES(4,'waning','application',4,'application.approved',1,'{"approval":{"approver":"mary","conditions":["Publish within a year."],"datasets":[{"columns":["patient_id","sex"],"table":"patients"},{"columns":["date"],"table":"vaccinations"}],"ends":"2025-06-30","starts":"2024-01-02"}}','mary','2024-03-01T09:33:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','c6327ad21ce7d167bd32f66f0bccf95316025f4722438f6ede514ed500dcc5a9','529bd0f41c4a40d89326d4a6aab746436bb48d1253e38760263949d51bad20a1');
INSERT INTO "events" VALUES(5,'run-1','request',1,'request.submitted',1,'{"submission":{"actions":[{"content_key":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","kind":"sql-extract","name":"cohort","needs":[]},{"content_key":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","kind":"code","name":"table","needs":["cohort"]}],"application":"waning","code":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","datasets":[{"columns":["patient_id","sex"],"table":"patients"},{"columns":["date"],"table":"vaccinations"}],"purpose":"covid-19-research","spec":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"submitter":"ada"}','ada','2024-03-01T09:30:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','529bd0f41c4a40d89326d4a6aab746436bb48d1253e38760263949d51bad20a1','bb3d32d10cf6845a5cb399bd2fc256941055efa0445bc8240dadd888dba563de');
INSERT INTO "events" VALUES(6,'run-1','request',2,'request.started',1,'{"action":"cohort","image":"sha256:6666666666666666666666666666666666666666666666666666666666666666","opt_outs":"8888888888888888888888888888888888888888888888888888888888888888","opt_outs_dated":"2024-02-28","store":"7777777777777777777777777777777777777777777777777777777777777777"}','platform','2024-03-01T09:31:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','bb3d32d10cf6845a5cb399bd2fc256941055efa0445bc8240dadd888dba563de','2612be47ff046090afd1c3fdc8ac13f7474bb8ba0c51748aab251d0b16dc29f6');
INSERT INTO "events" VALUES(7,'run-1','request',3,'request.landed',1,'{"action":"cohort","log":"","outputs":[]}','platform','2024-03-01T09:32:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','2612be47ff046090afd1c3fdc8ac13f7474bb8ba0c51748aab251d0b16dc29f6','d63815af8ff6f1347fc9574f7038a37f85f9ae344b1688975a90ffc9cfa999d4');
INSERT INTO "events" VALUES(8,'run-1','request',4,'request.started',1,'{"action":"table","image":"sha256:6666666666666666666666666666666666666666666666666666666666666666","opt_outs":"8888888888888888888888888888888888888888888888888888888888888888","opt_outs_dated":"2024-02-28","store":"7777777777777777777777777777777777777777777777777777777777777777"}','platform','2024-03-01T09:33:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','d63815af8ff6f1347fc9574f7038a37f85f9ae344b1688975a90ffc9cfa999d4','44a9a3307e487a02a50b207b2fb229a0ce93a7a61e4bf7a951ac0b01e23471f0');
INSERT INTO "events" VALUES(9,'run-1','request',5,'request.landed',1,'{"action":"table","log":"0000000000000000000000000000000000000000000000000000000000000000","outputs":[{"action":"table","digest":"1111111111111111111111111111111111111111111111111111111111111111","path":"output/table.csv","sensitivity":"moderately_sensitive","size":120}]}','platform','2024-03-01T09:34:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','44a9a3307e487a02a50b207b2fb229a0ce93a7a61e4bf7a951ac0b01e23471f0','0f16dd708408057b32ac76243c83b8daa1535b82ae404ad3427cf87f6f554e49');
INSERT INTO "events" VALUES(10,'run-1','request',6,'request.finished',1,'{}','platform','2024-03-01T09:35:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','0f16dd708408057b32ac76243c83b8daa1535b82ae404ad3427cf87f6f554e49','ee6a4a13b66c7cf7e4880fc1c2e2bb7880cd63ef12f53bd4fe478cadde35d1e0');
INSERT INTO "events" VALUES(11,'run-2','request',1,'request.submitted',1,'{"submission":{"actions":[{"content_key":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","kind":"sql-extract","name":"cohort","needs":[]},{"content_key":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","kind":"code","name":"table","needs":["cohort"]}],"application":"waning","code":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","datasets":[{"columns":["patient_id","sex"],"table":"patients"},{"columns":["date"],"table":"vaccinations"}],"purpose":"covid-19-research","spec":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"submitter":"ada"}','ada','2024-03-01T09:30:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','ee6a4a13b66c7cf7e4880fc1c2e2bb7880cd63ef12f53bd4fe478cadde35d1e0','7dd80553c9749da856959841623518696ae350d871e7969d221f5269852a7e08');
INSERT INTO "events" VALUES(12,'run-2','request',2,'request.started',1,'{"action":"cohort","image":"sha256:6666666666666666666666666666666666666666666666666666666666666666","opt_outs":"8888888888888888888888888888888888888888888888888888888888888888","opt_outs_dated":"2024-02-28","store":"7777777777777777777777777777777777777777777777777777777777777777"}','platform','2024-03-01T09:31:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','7dd80553c9749da856959841623518696ae350d871e7969d221f5269852a7e08','8a3a17adb7569c15fcb4118604e9fe48034d6b50a9b155cf32834263555f4866');
INSERT INTO "events" VALUES(13,'run-1','request',7,'request.checked',1,'{"offered":[{"digest":"2222222222222222222222222222222222222222222222222222222222222222","level":"recomputed","path":"output/table.csv","raw":"1111111111111111111111111111111111111111111111111111111111111111","report":"3333333333333333333333333333333333333333333333333333333333333333","verdict":"suppressed"}],"policy":"9999999999999999999999999999999999999999999999999999999999999999"}','platform','2024-03-01T09:36:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','8a3a17adb7569c15fcb4118604e9fe48034d6b50a9b155cf32834263555f4866','f7408b5912092d7ce39b408ab6ef67a129a1f7306889948bd56ec19fc2ac9abb');
INSERT INTO "events" VALUES(14,'run-1','request',8,'request.viewed',1,'{"digest":"1111111111111111111111111111111111111111111111111111111111111111"}','edith','2024-03-01T09:37:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','f7408b5912092d7ce39b408ab6ef67a129a1f7306889948bd56ec19fc2ac9abb','1567a0c7b8d6d195c3c2ba19c5568193c65368fc89eb38e1e96cfaa2f7956436');
INSERT INTO "events" VALUES(15,'run-1','request',9,'request.voted',1,'{"checker":"edith","files":[{"decision":"approve","digest":"2222222222222222222222222222222222222222222222222222222222222222","note":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","path":"output/table.csv"}]}','edith','2024-03-01T09:38:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','1567a0c7b8d6d195c3c2ba19c5568193c65368fc89eb38e1e96cfaa2f7956436','22e154a7242b45ba73d1ccb0679e024f7a7fe80e3e1b37b36fe540a72eb41768');
INSERT INTO "events" VALUES(16,'run-1','request',10,'request.voted',1,'{"checker":"joan","files":[{"decision":"approve","digest":"2222222222222222222222222222222222222222222222222222222222222222","note":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","path":"output/table.csv"}]}','joan','2024-03-01T09:39:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','22e154a7242b45ba73d1ccb0679e024f7a7fe80e3e1b37b36fe540a72eb41768','2c8f506476bd038b7c4820b0a6dfaec6ac51c153cc0746af51d6075bbc00a05b');
INSERT INTO "events" VALUES(17,'run-1','request',11,'request.signed-off',1,'{"checker":"edith","files":["2222222222222222222222222222222222222222222222222222222222222222"]}','edith','2024-03-01T09:40:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','2c8f506476bd038b7c4820b0a6dfaec6ac51c153cc0746af51d6075bbc00a05b','973436df5be3fc9ccc3312512fbbbecc6947fcadfb5fe96cbdfaf524a0c83d26');
INSERT INTO "events" VALUES(18,'run-1','request',12,'request.released',1,'{"statement":{"digest":"4444444444444444444444444444444444444444444444444444444444444444","files":[{"digest":"2222222222222222222222222222222222222222222222222222222222222222","path":"output/table.csv"}],"signature":"55555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555"}}','platform','2024-03-01T09:41:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','973436df5be3fc9ccc3312512fbbbecc6947fcadfb5fe96cbdfaf524a0c83d26','49cdb30c7a41eee7a424a0ce373694086fb87574c03b57066cf525a0cdfd2226');
INSERT INTO "events" VALUES(19,'run-2','request',3,'request.failed',1,'{"action":"cohort","log":"","outcome":"out-of-time"}','platform','2024-03-01T09:32:00.000000Z','9999999999999999999999999999999999999999999999999999999999999999','49cdb30c7a41eee7a424a0ce373694086fb87574c03b57066cf525a0cdfd2226','578bc38851f4472fb6c495de506373d277aa3c747752e4c05423cd338a767280');
CREATE TABLE faults (
	case_id TEXT NOT NULL, 
	action TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	code TEXT NOT NULL, 
	again_at FLOAT NOT NULL, 
	PRIMARY KEY (case_id, action, number)
);
INSERT INTO "faults" VALUES('run-1','cohort',1,'image-not-here',1709285400.0);
CREATE TABLE leases (
	worker TEXT NOT NULL, 
	until FLOAT NOT NULL, 
	PRIMARY KEY (worker)
);
INSERT INTO "leases" VALUES('one',1709285430.0);
CREATE TABLE ledger_format (
	format INTEGER NOT NULL, 
	PRIMARY KEY (format)
);
INSERT INTO "ledger_format" VALUES(1);
CREATE TABLE made (
	"key" TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	action TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE outbox (
	id TEXT NOT NULL, 
	person TEXT NOT NULL, 
	what TEXT NOT NULL, 
	why TEXT NOT NULL, 
	place TEXT NOT NULL, 
	at TEXT NOT NULL, 
	state TEXT NOT NULL, 
	tries INTEGER NOT NULL, 
	next_at FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE outbox_read (
	position INTEGER NOT NULL, 
	PRIMARY KEY (position)
);
CREATE TABLE rehearsed (
	backend TEXT NOT NULL, 
	action_key TEXT NOT NULL, 
	people INTEGER NOT NULL, 
	seconds FLOAT NOT NULL, 
	PRIMARY KEY (backend, action_key, people)
);
CREATE TABLE review_claims (
	case_id TEXT NOT NULL, 
	checker TEXT NOT NULL, 
	until FLOAT NOT NULL, 
	PRIMARY KEY (case_id, checker)
);
CREATE TABLE shares (
	case_id TEXT NOT NULL, 
	action TEXT NOT NULL, 
	token INTEGER NOT NULL, 
	quarters INTEGER NOT NULL, 
	PRIMARY KEY (case_id, action)
);
CREATE TRIGGER events_never_change BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER events_never_go BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER events_come_in_order BEFORE INSERT ON events
        WHEN NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM events)
          OR EXISTS (SELECT 1 FROM events WHERE case_id = NEW.case_id AND seq >= NEW.seq)
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE INDEX ix_outbox_state ON outbox (state);
COMMIT;
