package client_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"golang.org/x/oauth2"

	"github.com/tepin/tepin/client"
)

// An integration lists its templates.
func Example() {
	c, err := client.New(client.Config{
		BaseURL:      os.Getenv("TEPIN_URL"),
		ClientID:     os.Getenv("TEPIN_CLIENT_ID"),
		ClientSecret: os.Getenv("TEPIN_CLIENT_SECRET"),
	})
	if err != nil {
		log.Fatal(err)
	}
	api := c.HTTPClient()

	answer, err := api.Get(os.Getenv("TEPIN_URL") + "/grafx/api/v1/environment/demo/templates")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	var page struct {
		Data []struct {
			Name string `json:"name"`
		} `json:"data"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		log.Fatal(err)
	}
	for _, template := range page.Data {
		fmt.Println(template.Name)
	}
	// Output: Afterglow
}

// A token with fewer scopes than the integration has, for whoever sends it.
func ExampleClient_Token() {
	c, err := client.New(client.Config{
		BaseURL:      os.Getenv("TEPIN_URL"),
		ClientID:     os.Getenv("TEPIN_CLIENT_ID"),
		ClientSecret: os.Getenv("TEPIN_CLIENT_SECRET"),
		Scopes:       []string{"template:read", "template:list"},
		Audience:     "https://chiligrafx.com",
	})
	if err != nil {
		log.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	token, err := c.Token(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Type(), token.Extra("scope"), token.Valid())
	// Output: Bearer template:read template:list true
}

// Code that was written for golang.org/x/oauth2 takes the client as its source.
func ExampleClient_TokenSource() {
	c, err := client.New(client.Config{
		BaseURL:      os.Getenv("TEPIN_URL"),
		ClientID:     os.Getenv("TEPIN_CLIENT_ID"),
		ClientSecret: os.Getenv("TEPIN_CLIENT_SECRET"),
	})
	if err != nil {
		log.Fatal(err)
	}

	api := &http.Client{Transport: &oauth2.Transport{Source: c.TokenSource(context.Background())}}
	answer, err := api.Get(os.Getenv("TEPIN_URL") + "/grafx/api/v1/environment/demo/templates")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status)
	// Output: 200 OK
}

// A refusal says what is wrong.
func ExampleError() {
	c, err := client.New(client.Config{
		BaseURL:      os.Getenv("TEPIN_URL"),
		ClientID:     os.Getenv("TEPIN_CLIENT_ID"),
		ClientSecret: "a secret that was rotated away",
	})
	if err != nil {
		log.Fatal(err)
	}

	_, err = c.Token(context.Background())
	if refusal, ok := errors.AsType[*client.Error](err); ok && refusal.Code == "invalid_client" {
		fmt.Println("the secret is wrong, or the integration is disabled")
	}
	// Output: the secret is wrong, or the integration is disabled
}

// The transport stands between others: here, one that limits connections.
func ExampleClient_Transport() {
	c, err := client.New(client.Config{
		BaseURL:      os.Getenv("TEPIN_URL"),
		ClientID:     os.Getenv("TEPIN_CLIENT_ID"),
		ClientSecret: os.Getenv("TEPIN_CLIENT_SECRET"),
	})
	if err != nil {
		log.Fatal(err)
	}

	connections := &http.Transport{MaxConnsPerHost: 4}
	api := &http.Client{Transport: c.Transport(connections), Timeout: 30 * time.Second}
	answer, err := api.Get(os.Getenv("TEPIN_URL") + "/grafx/api/v1/environment/demo/projects")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status)
	// Output: 200 OK
}

// A client that signs with its own key, and has no secret. The key would come from a
// file or a key service; its public half is registered with the integration.
func ExampleAssertKey() {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}

	assert, err := client.AssertKey(key, "key-1")
	if err != nil {
		log.Fatal(err)
	}
	c, err := client.New(client.Config{
		BaseURL:  os.Getenv("TEPIN_URL"),
		ClientID: os.Getenv("TEPIN_CLIENT_ID"),
		Assert:   assert,
	})
	if err != nil {
		log.Fatal(err)
	}

	_, err = c.Token(context.Background())
	if refusal, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println("this key is not registered:", refusal.Code)
	}
	// Output: this key is not registered: invalid_client
}
