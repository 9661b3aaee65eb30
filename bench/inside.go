package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
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
	token, constant := results["BenchmarkRepeatedToken"]["allocs/op"], results["BenchmarkConstant"]["allocs/op"]
	line("allocations of a repeated request", fmt.Sprint(token), fmt.Sprintf("%.0f more than a constant in the same stack; SQL: none, its database is closed", token-constant))
	for _, v := range [][2]string{{"seen", "verification of a token seen before"}, {"unseen", "verification of another"}} {
		m := results["BenchmarkBearer/"+v[0]]
		line(v[1], fmt.Sprintf("%.2f CPU µs", m["cpu-ns/op"]/1000), fmt.Sprintf("%.0f allocations", m["allocs/op"]))
	}
	return nil
}

// goBenchmarks runs the benchmarks of packages and returns what they measured, by name
// and unit: the least of a few rounds, for what other load on the machine adds is not ours.
func goBenchmarks(packages ...string) (map[string]map[string]float64, error) {
	args := append([]string{"test", "-run", "^$", "-bench", "RepeatedToken|Constant|Bearer", "-benchmem", "-cpu", "1", "-count", "5", "-benchtime", "300ms"}, packages...)
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test: %w\n%s", err, out)
	}
	results := map[string]map[string]float64{}
	for text := range strings.Lines(string(out)) {
		fields := strings.Fields(text) // name, rounds, then value and unit in turn
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		units := results[fields[0]]
		if units == nil {
			units = map[string]float64{}
			results[fields[0]] = units
		}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("go test: %q: %w", text, err)
			}
			if least, known := units[fields[i+1]]; !known || value < least {
				units[fields[i+1]] = value
			}
		}
	}
	return results, nil
}
