package pgtest

import "testing"

// failFirst marks a connection by a lock of its session, which outlives the transaction that fails.
const failFirst = `
CREATE FUNCTION fail_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('pgtest.passed', true) = pg_current_xact_id()::text THEN
		RETURN NULL; -- another row of a transaction that may pass
	END IF;
	IF NOT pg_advisory_unlock(-1, pg_backend_pid()) THEN
		PERFORM pg_advisory_lock(-1, pg_backend_pid());
		RAISE EXCEPTION 'the first attempt fails' USING ERRCODE = 'serialization_failure';
	END IF;
	PERFORM set_config('pgtest.passed', pg_current_xact_id()::text, true);
	RETURN NULL;
END $$;
DO $$
DECLARE
	t text;
BEGIN
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
		EXECUTE format('CREATE CONSTRAINT TRIGGER fail_first AFTER INSERT OR UPDATE OR DELETE ON %I
			DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_first()', t);
	END LOOP;
END $$`

// FailFirst makes every transaction that changes something in the tables which are there now fail at its first commit, with everything
// done, as one does that lost a deadlock; tried again on its connection it passes. For tests of what is tried again.
func FailFirst(t testing.TB, dsn string) {
	t.Helper()
	if err := command(dsn, failFirst); err != nil {
		t.Fatalf("make first commits fail: %v", err)
	}
}
