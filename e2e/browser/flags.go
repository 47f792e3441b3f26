package browser

import "flag"

// Flags adds three flags for people to fs and gives the options that they fill in,
// for MainWith: -headed shows the browser, -slow rests between actions, and -film
// adds moving pictures to what is kept of a failure.
//
//	var options = browser.Flags(flag.CommandLine)
//
//	func TestMain(m *testing.M) { os.Exit(browser.MainWith(m, options)) }
func Flags(fs *flag.FlagSet) *Options {
	o := &Options{}
	fs.BoolVar(&o.Headed, "headed", false, "show the browser; needs a Chromium or Chrome with windows, and a screen")
	fs.DurationVar(&o.Slow, "slow", 0, "rest this long between actions of the browser, such as 300ms")
	fs.BoolVar(&o.Film, "film", false, "add moving pictures to the traces of failures; takes half as long again")
	return o
}
