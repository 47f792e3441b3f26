package httpapi_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing/httpapi"
)

// FuzzWindow: whatever is asked for, a page is that part of the list which the numbers mean, and its link leads to the part behind (SH-66 to SH-68).
func FuzzWindow(f *testing.F) {
	const total, most, usual = 9, 5, 3
	hub := newFixture(f, unlimited, func(c *httpapi.Config) { c.PageLimits = httpapi.PageLimits{Default: usual, Max: most} })
	for range total {
		hub.code("sharer", "sharer/", "")
	}
	for _, seed := range [][2]string{
		{"0", "5"}, {"3", "2"}, {"-3", "-2"}, {"9", "1"}, {"8", "99"}, {"", ""}, {" 1 ", "+2"}, {"1e3", "2"}, {"99999999999999999999", "99999999999999999999"},
		{"-9223372036854775808", "-9223372036854775809"}, {"2147483647", "2147483647"}, {"0x1", "1_0"}, {"१", "1"}, {"0", "0"}, {"00", "007"}, {"1.0", "1"}, {"1&offset=2", "1"},
	} {
		f.Add(seed[0], seed[1], "application/jupyterhub-pagination+json")
		f.Add(seed[0], seed[1], "")
	}
	f.Add("0", "", "text/html, APPLICATION/JupyterHub-Pagination+JSON ,*/*")
	f.Add("0", "", "application/jupyterhub-pagination+json;q=0.9")
	f.Fuzz(func(t *testing.T, offset, limit, accept string) {
		hub.t = t
		query := url.Values{}
		if offset != "" {
			query.Set("offset", offset)
		}
		if limit != "" {
			query.Set("limit", limit)
		}
		r := httptest.NewRequest(http.MethodGet, "/hub/api/share-codes/sharer/?"+query.Encode(), nil)
		r.Header.Set("Authorization", "token sharer-token")
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		hub.handler.ServeHTTP(w, r)

		from, isNumber := plainNumber(offset, "0")
		preset := fmt.Sprint(most)
		for _, element := range strings.Split(accept, ",") {
			if strings.ToLower(strings.TrimSpace(element)) == "application/jupyterhub-pagination+json" {
				preset = fmt.Sprint(usual)
			}
		}
		length, isNumberToo := plainNumber(limit, preset)
		if !isNumber || !isNumberToo {
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.Equal(t, "Invalid argument type, offset and limit must be integers", message(t, w))
			return
		}
		require.Equal(t, http.StatusOK, w.Code)
		var l list
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &l))
		first := int(cap100(from))
		count := min(max(int(cap100(length)), 1), most)
		want := []string{}
		for i := first; i < min(first+count, total); i++ {
			want = append(want, fmt.Sprintf("sc_%d", i+1))
		}
		got := []string{}
		for _, item := range l.Items {
			got = append(got, item.ID)
		}
		require.Equal(t, want, got)
		assert.Equal(t, total, l.Pagination.Total)
		assert.Equal(t, count, l.Pagination.Limit)
		if first+count >= total {
			require.Nil(t, l.Pagination.Next)
			return
		}
		require.NotNil(t, l.Pagination.Next)
		next, err := url.Parse(l.Pagination.Next.URL)
		require.NoError(t, err)
		assert.Equal(t, "http://example.com/hub/api/share-codes/sharer/", "http://"+next.Host+next.Path)
		assert.Equal(t, fmt.Sprint(first+count), next.Query().Get("offset"))
		assert.Equal(t, fmt.Sprint(count), next.Query().Get("limit"))
	})
}

// plainNumber is the size of a number of any length, without its sign.
func plainNumber(text, absent string) (*big.Int, bool) {
	if text == "" {
		text = absent
	}
	n, ok := new(big.Int).SetString(strings.TrimSpace(text), 10)
	if !ok {
		return nil, false
	}
	return n.Abs(n), true
}

// cap100 cuts what is beyond everything here.
func cap100(n *big.Int) int64 {
	if n.Cmp(big.NewInt(100)) > 0 {
		return 100
	}
	return n.Int64()
}
