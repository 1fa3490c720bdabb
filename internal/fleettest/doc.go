// Package fleettest gives tests terminals as a user has them: the two programs, built from this module,
// an authority, and homes that were set up by the commands of README.md, each on a host of its own in a
// network of package labtest.
//
//	func TestMain(m *testing.M) { os.Exit(fleettest.Main(m, nil)) }
//
//	lab := labtest.New(t)
//	fleet := fleettest.New(t, lab, "nas", "desk")
//	nas, desk := fleet.Terminal("nas"), fleet.Terminal("desk")
//	nas.Share("docs", folder)
//	server := nas.Serve()
//	desk.Run("get", "--addr", server.Addr("tcp"), "nas:docs/report.csv", t.TempDir())
//
// Its own tests are those that need a network and real processes: the attacks and faults that are named
// by the tests.
package fleettest
