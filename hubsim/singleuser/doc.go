// Package singleuser is a stand-in for the server that a hub starts for each
// user: enough of a Jupyter server to visit, share and be refused, and nothing
// that computes. It shows notebooks, and runs their %%javascript cells in the
// visitor's browser with the page configuration that JupyterLab would give them.
//
// Towards its hub it is an honest client like any other: it knows what its
// environment says, sends visitors to log in, exchanges their codes, asks who
// they are and whether they may come in. It shares no memory with the hub and
// works behind a JupyterHub as well.
//
// It has no kernels, writes no files and serves no JupyterLab.
//
//	s, err := singleuser.New(singleuser.Config{Env: env}) // as handed to a process
//	if err != nil {
//		return err
//	}
//	defer s.Close()
//	if err := s.Start(ctx); err != nil { // is the hub there?
//		return err
//	}
//	return http.Serve(listener, s)
package singleuser
