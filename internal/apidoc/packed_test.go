package apidoc

import (
	"bytes"
	"compress/gzip"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "pack openapi.json anew")

// What programs carry is what people read.
func TestThePackedDescriptionIsTheReadableOne(t *testing.T) {
	t.Parallel()
	readable, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	if *update {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		require.NoError(t, err)
		_, err = w.Write(readable)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.NoError(t, os.WriteFile("openapi.json.gz", b.Bytes(), 0o644))
		packed = b.Bytes()
	}
	text, err := source()
	require.NoError(t, err)
	require.True(t, bytes.Equal(readable, text), "openapi.json has changed: go test -update ./internal/apidoc")
}
