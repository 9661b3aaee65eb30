// Command bench measures what the README claims. Each claim has its own command:
//
//	go run ./bench token    tokens per CPU-second of the server, cached and fresh, over TLS, beside a
//	                        constant and beside peers (got by npm and go, each in its own project)
//	go run ./bench api      authorized API reads per CPU-second
//	go run ./bench render   CPU time of the sample page as PNG at 150 dpi and as PDF
//	go run ./bench transfer a file of 1 GB up and down, beside a plain Go program; 50 downloads at once
//	go run ./bench scale    lists and reads among a million templates, a million media and 10,000
//	                        integrations beside those among 1,000, on SQLite and PostgreSQL: 15 minutes
//
// Without an argument all are run. Rates are per second of the server process's
// processor time, read from /proc, so that other load on the machine hardly matters;
// what is compared is measured in the same run.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "constant" {
		fmt.Fprintln(os.Stderr, "bench constant:", serveConstant(os.Args[2], os.Args[3]))
		return
	}
	benches := []struct {
		name string
		run  func() error
	}{{"token", benchToken}, {"api", benchAPI}, {"render", benchRender}, {"scale", benchScale}, {"transfer", benchTransfer}}
	known := len(os.Args) == 1
	for _, b := range benches {
		if len(os.Args) > 1 && os.Args[1] != b.name {
			continue
		}
		known = true
		if err := b.run(); err != nil {
			fmt.Fprintf(os.Stderr, "bench %s: %v\n", b.name, err)
			os.Exit(1)
		}
	}
	if !known {
		fmt.Fprintln(os.Stderr, "usage: go run ./bench [token|api|render|transfer|scale]")
		os.Exit(2)
	}
}
