// Package servicetest is an example in Python: a service built on what comes with JupyterHub (digest.py), and its tests with pytest against hubsim
// (test_digest.py), which starts it as a managed service (conftest.py).
//
//	go build -o bin/hubsim ./hubsim/cmd/hubsim && export HUBSIM=$PWD/bin/hubsim
//	pip install jupyterhub pytest
//	cd examples/service-test
//	pytest
//
// Go has no part in it but to run all that among the other tests.
package servicetest
