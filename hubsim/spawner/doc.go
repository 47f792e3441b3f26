// Package spawner starts and stops single-user servers for a simulated hub.
//
// A [Spawner] turns a [Spec] into a running [Process]; [Probe] then asks the
// process whether it is ready. [InProcess] serves an http.Handler of this
// program on a loopback port of its own, so that a server has an address, a
// start and an end as a real process has. [Command] runs real programs, such as
// jupyterhub-singleuser, and [Program] is what it and the hub's managed services
// are made of: a program whose end leaves nothing running, nor does the end of the
// process that started it.
//
// It is not a life cycle: limits on the time, records of servers, tokens,
// OAuth clients and routes belong to the hub, which calls this package.
//
//	s := spawner.InProcess{Handler: newServer}
//	p, err := s.Start(ctx, spawner.Spec{User: "ann", Prefix: "/user/ann/", Env: env})
//	if err != nil {
//		return err
//	}
//	if _, err := spawner.Probe(ctx, http.DefaultClient, p.URL()); err != nil {
//		return errors.Join(err, p.Stop(ctx))
//	}
//	// add the route to p.URL() … and later, the route gone:
//	err = p.Stop(ctx)
package spawner
