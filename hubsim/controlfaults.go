package hubsim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

func (h *Hub) controlFault(_ context.Context, body []byte, _ url.Values) (any, error) {
	t, err := parseTree(body)
	if err != nil {
		return nil, err
	}
	f := readFault(t)
	if *t.first != nil {
		return nil, *t.first
	}
	id, err := h.AddFault(f)
	return map[string]int64{"id": id}, err
}

func (h *Hub) controlFaults(context.Context, []byte, url.Values) (any, error) {
	out := []faultState{}
	for _, f := range h.Faults() {
		out = append(out, stateOf(f))
	}
	return map[string][]faultState{"faults": out}, nil
}

func (h *Hub) controlScenarios(context.Context, []byte, url.Values) (any, error) {
	return map[string][]ScenarioInfo{"scenarios": Scenarios()}, nil
}

// faultCalls are the addresses of single faults.
func (h *Hub) faultCalls() map[string]map[string]controlCall {
	return map[string]map[string]controlCall{
		"faults/{id}":         {http.MethodGet: h.controlOneFault, http.MethodDelete: h.controlFaultByID(h.RemoveFault)},
		"faults/{id}/release": {http.MethodPost: h.controlFaultByID(h.ReleaseFault)},
	}
}

// faultID is the fault that a path names, or the body of an endpoint that has no path for each: {"id": 1}.
func faultID(body []byte, query url.Values) (int64, error) {
	if text := query.Get(pathID); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, wrongRequest("a fault has a number for its id, not %q", text)
		}
		return id, nil
	}
	var o struct {
		ID int64 `json:"id"`
	}
	err := decode(body, &o)
	return o.ID, err
}

func (h *Hub) controlFaultByID(do func(id int64) error) controlCall {
	return func(_ context.Context, body []byte, query url.Values) (any, error) {
		id, err := faultID(body, query)
		if err != nil {
			return nil, err
		}
		return done, do(id)
	}
}

func (h *Hub) controlOneFault(_ context.Context, body []byte, query url.Values) (any, error) {
	id, err := faultID(body, query)
	if err != nil {
		return nil, err
	}
	for _, f := range h.Faults() {
		if f.ID == id {
			return stateOf(f), nil
		}
	}
	return nil, fmt.Errorf("fault %d: %w", id, ErrNoSuchFault)
}

// controlRemoveFaults takes all out of force.
func (h *Hub) controlRemoveFaults(context.Context, []byte, url.Values) (any, error) {
	var errs []error
	for _, f := range h.Faults() {
		if err := h.RemoveFault(f.ID); !errors.Is(err, ErrNoSuchFault) { // used up meanwhile
			errs = append(errs, err)
		}
	}
	return done, errors.Join(errs...)
}
