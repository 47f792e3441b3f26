// Package services holds tests of Go services that stand behind a real JupyterHub: the middleware of oauth/hubauth must get along with the
// hub that it was made for, not only with the one of this module. Where there is no Python and no index to get JupyterHub from they are
// left out; see e2e/realhub.
package services
