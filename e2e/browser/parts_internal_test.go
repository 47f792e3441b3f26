//go:build linux || darwin

package browser

import (
	"archive/tar"
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUntarStaysInsideItsFolder(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]tar.Header{
		"a name that climbs out":  {Name: "../out", Typeflag: tar.TypeReg},
		"a name that climbs late": {Name: "a/../../out", Typeflag: tar.TypeReg},
		"a name from the top":     {Name: "/out", Typeflag: tar.TypeReg},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outer := t.TempDir()
			dir := filepath.Join(outer, "in")
			require.NoError(t, os.Mkdir(dir, 0o755))
			require.Error(t, untar(t.Context(), archive(t, h), dir))
			assert.NoFileExists(t, filepath.Join(outer, "out"))
		})
	}
}

func TestUntarLeavesOutWhatIsNotAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, untar(t.Context(), archive(t,
		tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		tar.Header{Name: "hard", Typeflag: tar.TypeLink, Linkname: "kept"},
		tar.Header{Name: "deep/er/kept", Typeflag: tar.TypeReg, Mode: 0o755},
	), dir))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	info, err := os.Stat(filepath.Join(dir, "deep/er/kept"))
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&0o100, "what could be run before can be run after")
}

func TestUntarRefusesAnArchiveThatIsTooLarge(t *testing.T) {
	t.Parallel()
	err := untar(t.Context(), archive(t, tar.Header{Name: "big", Typeflag: tar.TypeReg, Size: maxUnpacked + 1}), t.TempDir())
	require.ErrorIs(t, err, errTooLarge)
}

func TestUntarOfSomethingElseIsAnError(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.tgz")
	require.NoError(t, os.WriteFile(file, []byte("<html>not found</html>"), 0o644))
	require.Error(t, untarGzip(t.Context(), file, t.TempDir()))
	require.Error(t, untarFile(t.Context(), filepath.Join(t.TempDir(), "absent"), t.TempDir()))
}

// archive holds the headers alone; a file's content may be missing, as in one cut short.
func archive(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range headers {
		require.NoError(t, w.WriteHeader(&h))
	}
	return &buf
}

func TestASiteIsAskedBrieflyWhetherItAnswers(t *testing.T) {
	t.Parallel()
	t.Run("any answer is one", func(t *testing.T) {
		t.Parallel()
		srv := httptest.NewServer(http.NotFoundHandler())
		defer srv.Close()
		require.NoError(t, answers(t.Context(), srv.URL, time.Minute))
	})
	t.Run("silence is none", func(t *testing.T) {
		t.Parallel()
		srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer srv.Close()
		require.ErrorIs(t, answers(t.Context(), srv.URL, 50*time.Millisecond), context.DeadlineExceeded)
	})
}

func TestAStartThatComesTooLateIsUndone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	release, undone := make(chan struct{}), make(chan int, 1)
	cancel()
	_, err := await(ctx, func() (int, error) { <-release; return 7, nil }, func(v int) error { undone <- v; return nil })
	require.ErrorIs(t, err, context.Canceled)
	close(release)
	assert.Equal(t, 7, <-undone)
}

func TestFileNamesOfArtifactsAreHarmless(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "TestWalk____etc_passwd", fileName("TestWalk/../etc/passwd"))
	assert.Len(t, fileName(string(bytes.Repeat([]byte("x"), 500))), maxName)
}

func FuzzMajorOf(f *testing.F) {
	for _, s := range []string{"v20.20.2", "18.0.0", "v", "", "v-1.0", "v999999999999999999999.1", "hello"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		major, err := majorOf(s)
		if err != nil && major != 0 || major < 0 {
			t.Errorf("majorOf(%q) = %d, %v", s, major, err)
		}
	})
}
