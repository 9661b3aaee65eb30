package connector

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/tepin/tepin"
)

// CheckDomains reads the hosts that a connector may ask, and returns them in canonical form,
// each once: names, addresses in brackets where they are IPv6, with or without a port.
// Without one, every port of the host may be asked. "*." in front stands for exactly one
// label, under a name that somebody has registered: never under a public suffix such as
// com, co.uk or github.io, where every name is somebody else's (S32).
func CheckDomains(list []string) ([]string, error) {
	if len(list) > tepin.MaxAllowedDomains {
		return nil, tepin.Errorf(tepin.Invalid, "allowedDomains has %d entries; at most %d are taken", len(list), tepin.MaxAllowedDomains)
	}
	out := []string{}
	for i, each := range list {
		d, err := checkDomain(each)
		if err != nil {
			return nil, &tepin.Error{Kind: tepin.Invalid, Path: fmt.Sprintf("allowedDomains[%d]", i), Message: err.Error()}
		}
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out, nil
}

func checkDomain(s string) (string, error) {
	host, port := strings.ToLower(strings.TrimSpace(s)), ""
	if strings.ContainsAny(host, "/\\@?#% ") {
		return "", fmt.Errorf("give a host alone, such as api.example.com or api.example.com:8443: no scheme, path or user name")
	}
	bracketed := strings.HasPrefix(host, "[")
	if !bracketed && strings.Count(host, ":") > 1 {
		return "", fmt.Errorf("write IPv6 addresses in brackets, as in [2001:db8::1]:8443")
	}
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		n, err := strconv.ParseUint(host[i+1:], 10, 16)
		if err != nil || n == 0 {
			return "", fmt.Errorf("the port is no number between 1 and 65535")
		}
		host, port = host[:i], ":"+strconv.FormatUint(n, 10)
	}
	if bracketed {
		a, err := netip.ParseAddr(strings.TrimSuffix(host[1:], "]"))
		if err != nil || !a.Is6() || a.Zone() != "" || !strings.HasSuffix(host, "]") {
			return "", fmt.Errorf("this is no IPv6 address in brackets")
		}
		return "[" + a.String() + "]" + port, nil
	}
	host = strings.TrimSuffix(host, ".")
	if a, err := netip.ParseAddr(host); err == nil {
		return a.String() + port, nil
	}
	name, wild := strings.CutPrefix(host, "*.")
	if !dnsName(name) {
		return "", fmt.Errorf("this is no host name; write names outside ASCII in their xn-- form, and a wildcard only as the whole first label, as in *.example.com")
	}
	if !wild {
		return name + port, nil
	}
	if _, err := publicsuffix.EffectiveTLDPlusOne(name); err != nil {
		return "", fmt.Errorf("the wildcard stands right under a public suffix, where every name may be somebody else's; name the host itself")
	}
	return "*." + name + port, nil
}

// dnsName reports whether a name in lower case is one of the DNS in ASCII. A last label
// that is a number would be taken for an address in one of its old forms.
func dnsName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		ok := label != "" && len(label) <= 63 && label[0] != '-' && label[len(label)-1] != '-' &&
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
		if !ok {
			return false
		}
		last = label
	}
	return strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x")
}

// matches reports whether a URL's host is one of a list that [CheckDomains] made.
func matches(domains []string, u *url.URL) bool {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return slices.ContainsFunc(domains, func(d string) bool {
		if i := strings.LastIndexByte(d, ':'); i >= 0 && !strings.HasSuffix(d, "]") {
			if d[i+1:] != port {
				return false
			}
			d = d[:i]
		}
		if under, wild := strings.CutPrefix(d, "*."); wild {
			label, rest, _ := strings.Cut(host, ".")
			return label != "" && rest == under
		}
		return d == host
	})
}
