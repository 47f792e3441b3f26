// Package real holds hubsim against the real programs that live on a JupyterHub: the single-user server with JupyterLab in it, the
// sharing dialog of jupyter-collaboration, services in Python. They run unmodified, from e2e/realhub, with a hubsim in place of their hub,
// and people use them in a browser. It has tests alone, apart from the quick ones of e2e since JupyterLab takes seconds to start.
//
//	go test ./e2e/real
package real
