BEGIN TRANSACTION;
CREATE TABLE account_begun (
	state TEXT NOT NULL, 
	browser TEXT NOT NULL, 
	back TEXT NOT NULL, 
	began INTEGER NOT NULL, 
	again TEXT NOT NULL, 
	PRIMARY KEY (state)
);
CREATE TABLE account_credentials (
	person TEXT NOT NULL, 
	password TEXT NOT NULL, 
	secret TEXT NOT NULL, 
	last_step INTEGER NOT NULL, 
	changed INTEGER NOT NULL, 
	PRIMARY KEY (person)
);
INSERT INTO "account_credentials" VALUES('ada','hash','sealed:i82F5fkDhhasVbu0KWwgPaydLEeWjds4cNYcoxYhioM=',0,1);
CREATE TABLE account_drafts (
	id TEXT NOT NULL, 
	person TEXT NOT NULL, 
	about TEXT NOT NULL, 
	body TEXT NOT NULL, 
	saved INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "account_drafts" VALUES('d1','ada','an application','words',6);
CREATE TABLE account_failures (
	number INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "account_failures" VALUES(1,'somebody',5);
CREATE TABLE account_invitations (
	code TEXT NOT NULL, 
	person TEXT NOT NULL, 
	expires INTEGER NOT NULL, 
	PRIMARY KEY (code)
);
INSERT INTO "account_invitations" VALUES('invitation-1','ben',9000);
CREATE TABLE account_layout (
	step INTEGER NOT NULL, 
	PRIMARY KEY (step)
);
INSERT INTO "account_layout" VALUES(1);
CREATE TABLE account_links (
	issuer TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	person TEXT NOT NULL, 
	approved_by TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	PRIMARY KEY (issuer, subject)
);
INSERT INTO "account_links" VALUES('https://id.example','subject-1','ada','eve',4);
CREATE TABLE account_recovery (
	person TEXT NOT NULL, 
	code TEXT NOT NULL, 
	PRIMARY KEY (person, code)
);
INSERT INTO "account_recovery" VALUES('ada','recovery-1');
INSERT INTO "account_recovery" VALUES('ada','recovery-2');
CREATE TABLE account_seen (
	person TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	PRIMARY KEY (person)
);
INSERT INTO "account_seen" VALUES('ada',7);
CREATE TABLE account_sessions (
	"key" TEXT NOT NULL, 
	person TEXT NOT NULL, 
	began INTEGER NOT NULL, 
	used INTEGER NOT NULL, 
	confirmed INTEGER NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "account_sessions" VALUES('digest-of-a-session','ada',3,3,3);
CREATE TABLE account_tokens (
	"key" TEXT NOT NULL, 
	id TEXT NOT NULL, 
	person TEXT NOT NULL, 
	name TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	made INTEGER NOT NULL, 
	expires INTEGER NOT NULL, 
	used INTEGER NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (id)
);
INSERT INTO "account_tokens" VALUES('digest-of-a-token','t1','ada','laptop','read submit',2,9000,0);
CREATE INDEX ix_account_sessions_person ON account_sessions (person);
CREATE INDEX ix_account_tokens_person ON account_tokens (person);
CREATE INDEX failures_of_a_key ON account_failures ("key", at);
CREATE INDEX ix_account_drafts_person ON account_drafts (person);
CREATE INDEX ix_account_links_person ON account_links (person);
COMMIT;
