package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"strconv"

	"github.com/tepin/tepin"
)

func quotaFlags(f *flag.FlagSet) {
	f.String("mode", "", "off, observe or enforce")
	for _, use := range tepin.Uses {
		f.Int64(string(use)+"_per_hour", 0, "how many "+string(use)+" in an hour; 0: any number")
		f.Int64(string(use)+"_per_day", 0, "how many "+string(use)+" in a day; 0: any number")
	}
}

func integrationQuotaFlags(f *flag.FlagSet) {
	inEnvironment(f)
	quotaFlags(f)
}

func integrationQuota(ctx context.Context, v *invocation) error {
	of, err := v.find(ctx)
	if err != nil {
		return err
	}
	return v.quota(ctx, of)
}

// quota shows what is used, after it has set the quota where the flags name a mode.
func (v *invocation) quota(ctx context.Context, of string) error {
	quota := map[string]any{"mode": v.text("mode")}
	limited := false
	for _, use := range tepin.Uses {
		allowance := map[string]any{}
		for flag, member := range map[string]string{"_per_hour": "perHour", "_per_day": "perDay"} {
			if v.given(string(use) + flag) {
				n, err := strconv.ParseInt(v.text(string(use)+flag), 10, 64)
				if err != nil {
					return err
				}
				allowance[member], limited = n, true
			}
		}
		quota[string(use)] = allowance
	}
	switch {
	case v.given("mode"):
		if err := v.call(ctx, "PATCH", of, map[string]any{"quota": quota}, nil); err != nil {
			return err
		}
	case limited:
		return errors.New("say what the limits do: -mode observe, or -mode enforce; they replace those that there were")
	}
	return v.printQuota(ctx, of+"/quota")
}

func (v *invocation) printQuota(ctx context.Context, path string) error {
	var raw json.RawMessage
	var answer struct {
		Mode       string `json:"mode"`
		Allowances []struct {
			Use    string `json:"use"`
			Period string `json:"period"`
			Used   int64  `json:"used"`
			Limit  *int64 `json:"limit"`
		} `json:"allowances"`
	}
	err := v.call(ctx, "GET", path, nil, &raw)
	if err == nil {
		err = json.Unmarshal(raw, &answer)
	}
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"USE", "PERIOD", "USED", "LIMIT", "MODE"}}
		for _, a := range answer.Allowances {
			limit := "any"
			if a.Limit != nil {
				limit = strconv.FormatInt(*a.Limit, 10)
			}
			rows = append(rows, []string{a.Use, a.Period, strconv.FormatInt(a.Used, 10), limit, answer.Mode})
		}
		return table(w, rows...)
	})
}
