package main

import (
	"encoding/json"
	"errors"
	"net/http"
)

// benchAPI measures authorized reads.
func benchAPI() error {
	return withDemo(func(in installation) (err error) {
		t, err := in.demo()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, t.stop()) }()
		body, err := t.token()
		if err != nil {
			return err
		}
		var token tokenAnswer
		if err := json.Unmarshal([]byte(body), &token); err != nil {
			return err
		}
		for _, path := range []string{"/settings", "/templates"} {
			req, err := http.NewRequest(http.MethodGet, t.url+"/grafx/api/v1/environment/demo"+path, nil)
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", "Bearer "+token.AccessToken)
			l, err := loadOf(req)
			if err != nil {
				return err
			}
			m, err := t.rate(l)
			if err != nil {
				return err
			}
			line("api, GET "+path, perCPU(m), "authorized")
		}
		return nil
	})
}
