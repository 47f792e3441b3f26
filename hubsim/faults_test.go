package hubsim_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-170: a fixed answer in place of the real one, as often as it says, marked in the record; then the hub is as before (HB-172).
func TestAFaultAnswersInPlaceOfTheHub(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Faults: []hubsim.Fault{{Path: "/hub/api/shares/*", Status: 503, Headers: map[string]string{"Retry-After": "7"}, Body: "later", Times: 1}}})
	token, err := hub.Token("sharer")
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hub.APIURL()+"/shares/sharer/", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "token "+token)
	res, err := hub.Client("").Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 503, res.StatusCode)
	require.Equal(t, "later", string(body))
	require.Equal(t, "7", res.Header.Get("Retry-After"))
	require.Empty(t, hub.Faults(), "it is used up")
	status, _ := call(t, hub, token, http.MethodGet, "/shares/sharer/", "")
	require.Equal(t, 200, status)
	require.EqualValues(t, 1, hub.Requests(nil)[0].Fault)
	require.NoError(t, hub.Reset(t.Context()))
	require.Len(t, hub.Faults(), 1, "as configured")
}

// HB-170: whom and what a fault is for.
func TestAFaultHitsWhatItMatches(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Services: []hubsim.Service{{Name: "svc", APIToken: "secret-of-svc"}}, Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}}})
	ann, err := hub.Token("ann")
	require.NoError(t, err)
	bob, err := hub.Token("bob")
	require.NoError(t, err)
	tokens := map[string]string{"ann": ann, "bob": bob, "svc": "secret-of-svc"}
	for name, c := range map[string]struct {
		fault hubsim.Fault
		hit   []string
	}{
		"everybody":     {hubsim.Fault{}, []string{"ann", "bob", "svc"}},
		"a user":        {hubsim.Fault{User: "ann"}, []string{"ann"}},
		"tokens":        {hubsim.Fault{Actor: hubsim.ActorToken}, []string{"ann", "bob"}},
		"services":      {hubsim.Fault{Actor: hubsim.ActorService}, []string{"svc"}},
		"browsers":      {hubsim.Fault{Actor: hubsim.ActorBrowser}, nil},
		"servers":       {hubsim.Fault{Actor: hubsim.ActorServer}, nil},
		"a path":        {hubsim.Fault{Path: "/hub/*/user"}, []string{"ann", "bob", "svc"}},
		"another path":  {hubsim.Fault{Path: "/hub/*/users"}, nil},
		"an exact path": {hubsim.Fault{Path: "/hub/api/user"}, []string{"ann", "bob", "svc"}},
		"a method":      {hubsim.Fault{Method: http.MethodPost}, nil},
		"the second":    {hubsim.Fault{Nth: 2}, []string{"bob"}},
		"the first two": {hubsim.Fault{Times: 2}, []string{"ann", "bob"}},
	} {
		c.fault.Status = 418
		id, err := hub.AddFault(c.fault)
		require.NoError(t, err)
		var hit []string
		for _, who := range []string{"ann", "bob", "svc"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hub.APIURL()+"/user", nil)
			require.NoError(t, err)
			req.Header.Set("Authorization", "token "+tokens[who])
			res, err := hub.Client("").Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			if res.StatusCode == 418 {
				hit = append(hit, who)
			}
		}
		require.Equal(t, c.hit, hit, name)
		if err := hub.RemoveFault(id); c.fault.Times == 0 {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, hubsim.ErrNoSuchFault)
		}
	}
}

// HB-170: a request hangs until it is released, and hinders no other (HB-199).
func TestAFaultHangsUntilItIsReleased(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	id, err := hub.AddFault(hubsim.Fault{Path: "/hub/login", Hang: true, Times: 1, Delay: time.Millisecond})
	require.NoError(t, err)
	answered := make(chan int, 1)
	go func() { answered <- stranger(t, hub).get("login").status }()
	require.Eventually(t, func() bool { return hub.Faults()[0].Hits == 1 }, 10*time.Second, time.Millisecond)
	require.Equal(t, 200, stranger(t, hub).get("health").status)
	require.Empty(t, answered)
	require.Equal(t, 200, stranger(t, hub).get("login").status, "it is used up")
	require.NoError(t, hub.ReleaseFault(id))
	require.Equal(t, 200, <-answered)
	require.ErrorIs(t, hub.ReleaseFault(id), hubsim.ErrNoSuchFault)
}

// HB-170: what hangs ends with the hub, and with its client.
func TestWhatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	_, err := hub.AddFault(hubsim.Fault{Hang: true})
	require.NoError(t, err)
	ctx, leave := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, hub.HubURL()+"login", nil)
		_, err := hub.Client("").Do(req) //nolint:bodyclose // there is none
		failed <- err
	}()
	require.Eventually(t, func() bool { return hub.Faults()[0].Hits == 1 }, 10*time.Second, time.Millisecond)
	leave()
	require.ErrorIs(t, <-failed, context.Canceled)
	go func() {
		req, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, hub.HubURL()+"login", nil)
		_, err := hub.Client("").Do(req) //nolint:bodyclose // there is none
		failed <- err
	}()
	require.Eventually(t, func() bool { return hub.Faults()[0].Hits == 2 }, 10*time.Second, time.Millisecond)
	require.NoError(t, hub.Close())
	require.Error(t, <-failed)
}

// HB-170: answers cut off in their middle, and with other headers, of the hub and of servers behind the proxy.
func TestAFaultSpoilsRealAnswers(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	for _, address := range []string{hub.APIURL(), hub.UserURL("sharer", "") + "api"} {
		_, err := hub.AddFault(hubsim.Fault{Headers: map[string]string{"X-JupyterHub-Version": "4.0.0"}, Times: 1})
		require.NoError(t, err)
		c := hub.Client("")
		c.Transport = &http.Transport{DisableKeepAlives: true}
		res, err := c.Get(address)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, []string{"4.0.0"}, res.Header.Values("X-JupyterHub-Version"))
		_, err = hub.AddFault(hubsim.Fault{Cut: true, Times: 1})
		require.NoError(t, err)
		res, err = c.Get(address)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			require.NoError(t, res.Body.Close())
		}
		require.Error(t, err, address)
	}
}

func TestAFaultThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{})
	for want, f := range map[string]hubsim.Fault{
		"Status":      {Status: 99},
		"Body":        {Body: "x"},
		"Cut":         {Cut: true, Status: 500},
		"Times":       {Nth: -1},
		"Probability": {Probability: 2},
		"Actor":       {Actor: "cat"},
		"Headers":     {Headers: map[string]string{"A": "b\r\nC: d"}},
	} {
		_, err := hub.AddFault(f)
		require.ErrorContains(t, err, want)
	}
	for _, body := range []string{`{"status": 99}`, `{"probability": 2}`, `{"stauts": 1}`, `[]`} {
		status, _, _ := control(t, hub, "POST", "faults", body)
		require.Equal(t, 400, status, body)
	}
	status, made, _ := control(t, hub, "POST", "faults", `{"path": "/hub/login", "hang": true, "probability": 0.5}`)
	require.Equal(t, 200, status)
	require.EqualValues(t, 1, made["id"])
	_, list, _ := control(t, hub, "GET", "faults", "")
	require.Len(t, list["faults"], 1)
	status, _, _ = control(t, hub, "POST", "release-fault", `{"id": 1}`)
	require.Equal(t, 200, status)
	status, _, _ = control(t, hub, "POST", "remove-fault", `{"id": 1}`)
	require.Equal(t, 200, status)
	status, _, _ = control(t, hub, "POST", "remove-fault", `{"id": 1}`)
	require.Equal(t, 404, status)
}

// HB-170: a probable fault hits some, and the same ones each time.
func TestAProbableFaultIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	var runs [2]string
	for i := range runs {
		hub := hubsim.New(t, hubsim.Config{Faults: []hubsim.Fault{{Probability: 0.5, Status: 500}}})
		for range 20 {
			if stranger(t, hub).get("health").status == 500 {
				runs[i] += "x"
			} else {
				runs[i] += "."
			}
		}
	}
	require.Equal(t, runs[0], runs[1])
	require.Contains(t, runs[0], "x")
	require.Contains(t, runs[0], ".")
}
