package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"time"
)

// floors are what this machine takes for what no hub can do without.
type floors struct {
	get   time.Duration // of a server that answers 200 and nothing else, over loopback
	fsync time.Duration // of 4 kB at the end of a file, where temporary files are
}

// measureFloors takes the median of many tries. It keeps a file in dir.
func measureFloors(ctx context.Context, dir string) (f floors, err error) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	c := newClient(srv.URL + "/")
	defer c.close()
	if f.get, err = medianTime(1000, func() error {
		_, _, err := c.do(ctx, http.MethodGet, "", nil, nil, http.StatusOK)
		return err
	}); err != nil {
		return f, err
	}
	file, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	block := make([]byte, 4096)
	f.fsync, err = medianTime(100, func() error {
		_, err := file.Write(block)
		return errors.Join(err, file.Sync())
	})
	return f, err
}

func medianTime(times int, do func() error) (time.Duration, error) {
	took := make([]time.Duration, times)
	for i := range took {
		start := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took[times/2], nil
}
