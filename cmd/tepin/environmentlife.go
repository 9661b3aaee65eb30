package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

func environmentCreation(f *flag.FlagSet) {
	inSubscription(f)
	f.String("technical_name", "", "what stands in addresses, such as webshop; it never changes")
	f.String("type", "sandbox", "production, or sandbox or development, whose output is watermarked and counts no renders")
}

func createEnvironment(ctx context.Context, v *invocation) error {
	path, err := v.subscriptionPath(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := v.call(ctx, "POST", "/environments", map[string]any{"name": v.args[0], "technicalName": v.text("technical_name"), "type": v.text("type"),
		"subscriptionId": strings.TrimPrefix(path, "/subscriptions/")}, &raw); err != nil {
		return err
	}
	return v.printEnvironment(raw)
}

func renameEnvironment(ctx context.Context, v *invocation) error {
	var raw json.RawMessage
	if err := v.call(ctx, "PATCH", "/environments/"+url.PathEscape(v.args[0]), map[string]any{"name": v.args[1]}, &raw); err != nil {
		return err
	}
	return v.printEnvironment(raw)
}

func deleteEnvironment(ctx context.Context, v *invocation) error {
	if err := v.call(ctx, "DELETE", "/environments/"+url.PathEscape(v.args[0]), nil, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintln(v.stdout, "It is deleted, and its tokens have ended. tepin environment deleted says until when tepin environment restore brings it back.")
	return err
}

// deletedAnswer is what is shown of a deleted environment.
type deletedAnswer struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	TechnicalName string    `json:"technicalName"`
	Gone          time.Time `json:"dateGone"`
}

// deletedList reads the deleted environments of the subscription, and returns their path.
func (v *invocation) deletedList(ctx context.Context) (list []deletedAnswer, raw json.RawMessage, path string, err error) {
	if path, err = v.subscriptionPath(ctx); err != nil {
		return nil, nil, "", err
	}
	path += "/deleted-environments"
	if err = v.call(ctx, "GET", path, nil, &raw); err == nil {
		err = json.Unmarshal(raw, &list)
	}
	return list, raw, path, err
}

func deletedEnvironments(ctx context.Context, v *invocation) error {
	list, raw, _, err := v.deletedList(ctx)
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"NAME", "TECHNICAL NAME", "GONE FOR GOOD"}}
		for _, e := range list {
			rows = append(rows, []string{e.Name, e.TechnicalName, e.Gone.Format(time.RFC3339)})
		}
		return table(w, rows...)
	})
}

func restoreEnvironment(ctx context.Context, v *invocation) error {
	list, _, path, err := v.deletedList(ctx)
	if err != nil {
		return err
	}
	for _, e := range list {
		if name := v.args[0]; e.ID == name || strings.EqualFold(e.TechnicalName, name) {
			var raw json.RawMessage
			if err := v.call(ctx, "POST", path+"/"+e.ID+"/restore", nil, &raw); err != nil {
				return err
			}
			return v.printEnvironment(raw)
		}
	}
	return fmt.Errorf("no deleted environment %q can be restored; tepin environment deleted shows those that can", v.args[0])
}
