package main

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// benchInside runs benchmarks that stand beside the code: what they measure cannot be
// seen from outside the process.
func benchInside() error {
	results, err := goBenchmarks("./oauth", "./access")
	if err != nil {
		return err
	}
	for _, name := range []string{"BenchmarkRepeatedToken", "BenchmarkConstant", "BenchmarkBearer/seen", "BenchmarkBearer/unseen"} {
		if _, ok := results[name]; !ok {
			return fmt.Errorf("there is no %s any more", name)
		}
	}
	token, constant := results["BenchmarkRepeatedToken"], results["BenchmarkConstant"]
	line("allocations of a repeated request", fmt.Sprint(token.allocs), fmt.Sprintf("%d more than a constant in the same stack; SQL: none, its database is closed", token.allocs-constant.allocs))
	seen, unseen := results["BenchmarkBearer/seen"], results["BenchmarkBearer/unseen"]
	line("verification of a token seen before", seen.took.String(), fmt.Sprintf("%d allocations", seen.allocs))
	line("verification of another", unseen.took.String(), fmt.Sprintf("%d allocations", unseen.allocs))
	return nil
}

// result is of one Go benchmark.
type result struct {
	took   time.Duration
	allocs int
}

// goBenchmarks runs the benchmarks of packages and returns the best of a few rounds of
// each: what other load on the machine adds is not ours.
func goBenchmarks(packages ...string) (map[string]result, error) {
	args := append([]string{"test", "-run", "^$", "-bench", "RepeatedToken|Constant|Bearer", "-benchmem", "-cpu", "1", "-count", "5", "-benchtime", "300ms"}, packages...)
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test: %w\n%s", err, out)
	}
	results := map[string]result{}
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		var name string
		var rounds, bytes, allocs int
		var ns float64
		if n, _ := fmt.Sscanf(lines.Text(), "%s %d %f ns/op %d B/op %d allocs/op", &name, &rounds, &ns, &bytes, &allocs); n < 5 {
			continue // a line of another kind
		}
		took := time.Duration(ns)
		if known, ok := results[name]; !ok || took < known.took {
			results[name] = result{took, allocs}
		}
	}
	return results, nil
}
