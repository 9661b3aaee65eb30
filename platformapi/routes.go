package platformapi

import (
	"context"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// Who may call what.
var (
	anybody = web.Access{Public: true}
	// Tokens of the environment, and people who have a role there.
	readers = web.Access{AnyToken: true, Administrator: true, Roles: tepin.AnyRole}
	// The same but for tokens that are bound to a page, and people who administer it.
	servers = web.Access{AnyToken: true, NoPage: true, Administrator: true, Roles: tepin.Administrators}
	people  = web.Access{Administrator: true, Roles: tepin.AnyRole}        // who is signed in, and is anything there
	admins  = web.Access{Administrator: true, Roles: tepin.Administrators} // of the environment or its subscription
	owners  = web.Access{Administrator: true, Roles: tepin.NewRoles(tepin.SubscriptionAdmin)}
	system  = web.Access{Administrator: true} // administrators of the installation
)

const (
	environments  = "/api/v1/environments"
	environment   = environments + "/{environment}"
	integrations  = environment + "/integrations"
	integration   = integrations + "/{integrationId}"
	secret        = integration + "/secrets/{secretId}"
	trust         = integration + "/trusts/{trustId}"
	subscriptions = "/api/v1/subscriptions"
	subscription  = subscriptions + "/{subscriptionId}"
	users         = subscription + "/users"
	user          = users + "/{userId}"
	groups        = subscription + "/groups"
	group         = groups + "/{groupId}"

	// The spelling of older programs.
	oneSubscription = "/api/v1/subscription/{subscriptionId}"
	oneEnvironment  = "/api/v1/environment/{environment}"

	applications = environment + "/applications"
	application  = applications + "/{applicationId}"
)

// register is the index of the API.
func (a *API) register() {
	get, post, put, patch, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	op(a, anybody, get, "/api/ping", "ping", "Health", "Answer, if the server is there", a.ping)
	op(a, anybody, get, "/api/v1/info", "info", "Health", "Get the server's version", a.info)
	op(a, people, get, "/api/v1/session", "session", "Health", "Get who is signed in, and a session's CSRF token", a.session)

	op(a, system, get, "/api/v1/signing-keys", "listSigningKeys", "Keys", "List the keys that sign tokens", a.listSigningKeys)
	op(a, system, post, "/api/v1/signing-keys/rotate", "rotateSigningKeys", "Keys", "Publish new keys, which sign an hour later", a.rotateSigningKeys)
	op(a, system, post, "/api/v1/signing-keys/{keyId}/compromised", "withdrawSigningKey", "Keys", "Withdraw a key, and all that it has signed, at once", a.compromised)

	op(a, system, get, "/api/v1/audit", "instanceLog", "Audit", "Read the audit log of what belongs to no environment: people, keys, strangers", a.instanceLog)
	op(a, system, get, "/api/v1/audit/heads", "auditHeads", "Audit", "Read the signed heads of the audit log, to keep them elsewhere", a.heads)
	op(a, admins, get, environment+"/audit", "environmentLog", "Audit", "Read an environment's audit log", a.environmentLog)
	op(a, admins, get, integration+"/activity", "integrationLog", "Audit", "Read what an integration has done, and what was done to it", a.integrationLog)

	op(a, readers, get, subscriptions, "listSubscriptions", "Subscriptions", "List subscriptions", a.listSubscriptions)
	op(a, readers, get, subscription, "getSubscription", "Subscriptions", "Get a subscription", a.getSubscription)
	op(a, owners, patch, subscription, "updateSubscription", "Subscriptions", "Change a subscription's name, or what it may use", a.updateSubscription)
	op(a, servers, get, subscription+"/renders", "subscriptionRenders", "Usage", "Count the renders of a subscription", a.subscriptionRenders)
	op(a, readers, get, oneSubscription, "getSubscriptionOld", "Subscriptions", "Get a subscription, as older programs spell it", a.getSubscription)
	op(a, servers, get, oneSubscription+"/renders", "subscriptionRendersOld", "Usage", "Count the renders of a subscription, as older programs spell it", a.subscriptionRenders)
	op(a, readers, get, oneSubscription+"/{environmentId}", "belongs", "Subscriptions", "Tell whether an environment belongs to a subscription", a.belongs)
	a.report(admins, subscription+"/usage-report")

	op(a, people, get, "/api/v1/roles", "listRoles", "People", "List the roles that there are", a.listRoles)
	op(a, admins, get, users, "listUsers", "People", "List a subscription's users", a.listUsers)
	op(a, owners, post, users, "inviteUser", "People", "Invite somebody; answers the link to give to them, this once", a.invite)
	op(a, admins, get, user, "getUser", "People", "Get a user", a.getUser)
	op(a, owners, patch, user, "updateUser", "People", "Change a user's name or roles, deactivate or activate them", a.updateUser)
	op(a, owners, del, user, "deleteUser", "People", "Delete a user, for good; what they made stays", a.deleteUser)
	op(a, owners, post, user+"/invitation", "inviteAgain", "People", "Make a pending user's link anew; the one before works no more", a.inviteAgain)
	op(a, owners, post, user+"/password-link", "passwordLink", "People", "Make a link by which a user chooses a new password; for 30 minutes", a.passwordLink)
	op(a, admins, get, groups, "listGroups", "People", "List a subscription's groups", a.listGroups)
	op(a, owners, post, groups, "createGroup", "People", "Create a group", a.createGroup)
	op(a, admins, get, group, "getGroup", "People", "Get a group", a.getGroup)
	op(a, owners, patch, group, "updateGroup", "People", "Change a group's name, description or access", a.updateGroup)
	op(a, owners, del, group, "deleteGroup", "People", "Delete a group; its members lose what it opened to them", a.deleteGroup)
	op(a, admins, get, group+"/users", "groupUsers", "People", "List a group's members", a.groupUsers)
	op(a, owners, put, group+"/users/{userId}", "joinGroup", "People", "Take a user into a group", a.joinGroup)
	op(a, owners, del, group+"/users/{userId}", "leaveGroup", "People", "Take a user out of a group", a.leaveGroup)
	op(a, admins, get, environment+"/users", "environmentUsers", "People", "List who may enter an environment, and as what", a.environmentUsers)
	op(a, admins, put, environment+"/users/{userId}", "setEnvironmentUser", "People", "Give a user of the subscription a role in an environment", a.setEnvironmentUser)
	op(a, admins, del, environment+"/users/{userId}", "unsetEnvironmentUser", "People", "Take a user's own role in an environment; what groups give them stays", a.unsetEnvironmentUser)
	op(a, system, get, "/api/v1/administrators", "listAdministrators", "People", "List who administers the installation", a.listAdministrators)
	op(a, system, put, "/api/v1/administrators/{userId}", "addAdministrator", "People", "Make a user an administrator of the installation", a.addAdministrator)
	op(a, system, del, "/api/v1/administrators/{userId}", "removeAdministrator", "People", "Make somebody an administrator no more; never the last one", a.removeAdministrator)

	op(a, readers, get, environments, "listEnvironments", "Environments", "List environments", a.listEnvironments)
	op(a, owners, post, environments, "createEnvironment", "Environments", "Create an environment", a.createEnvironment)
	op(a, readers, get, environment, "getEnvironment", "Environments", "Get an environment", a.getEnvironment)
	op(a, readers, get, oneEnvironment, "getEnvironmentOld", "Environments", "Get an environment, as older programs spell it", a.getEnvironment)
	op(a, servers, get, oneEnvironment+"/renders", "environmentRendersOld", "Usage", "Count the renders of an environment, as older programs spell it", a.environmentRenders)
	op(a, owners, del, environment, "deleteEnvironment", "Environments", "Delete an environment; it can be restored for 14 days", a.deleteEnvironment)
	op(a, owners, get, subscription+"/deleted-environments", "listDeletedEnvironments", "Environments", "List deleted environments that can be restored", a.listDeletedEnvironments)
	op(a, owners, post, subscription+"/deleted-environments/{environmentId}/restore", "restoreEnvironment", "Environments", "Restore a deleted environment, with all that it holds", a.restoreEnvironment)
	op(a, admins, patch, environment, "updateEnvironment", "Environments", "Change an environment", a.updateEnvironment)
	op(a, admins, get, environment+"/browser-guard", "guardFindings", "Environments", "List integrations whose tokens were seen in pages of other sites where they do not belong", a.guardFindings)
	op(a, servers, get, environment+"/renders", "environmentRenders", "Usage", "Count the renders of an environment", a.environmentRenders)
	op(a, servers, get, environment+"/quota", "getEnvironmentQuota", "Usage", "Get what an environment's integrations have used of its quota", a.getEnvironmentQuota)

	op(a, readers, get, "/api/v1/available-scopes", "availableScopes", "Integrations", "List the scopes that there are", a.availableScopes)
	op(a, servers, get, integrations, "listIntegrations", "Integrations", "List an environment's integrations", a.listIntegrations)
	op(a, admins, post, integrations, "createIntegration", "Integrations", "Create an integration; answers its secret, this once", a.createIntegration)
	op(a, servers, get, integration, "getIntegration", "Integrations", "Get an integration", a.getIntegration)
	op(a, admins, patch, integration, "updateIntegration", "Integrations", "Change, disable or enable an integration", a.updateIntegration)
	op(a, admins, del, integration, "deleteIntegration", "Integrations", "Delete an integration; its tokens end at once", a.deleteIntegration)
	op(a, admins, post, integration+"/revoke-tokens", "revokeTokens", "Integrations", "End all access tokens of an integration at once; its secrets stay", a.revokeTokens)
	op(a, admins, post, integration+"/tokens/{tokenId}/revoke", "revokeToken", "Integrations", "End one access token at once, with those that it was exchanged for", a.revokeToken)
	op(a, servers, get, integration+"/scopes", "getIntegrationScopes", "Integrations", "Get an integration's permissions", a.getScopes)
	op(a, admins, put, integration+"/scopes", "setIntegrationScopes", "Integrations", "Set an integration's permissions", a.setScopes)
	op(a, servers, get, integration+"/quota", "getIntegrationQuota", "Usage", "Get what an integration has used of its quota", a.getIntegrationQuota)
	op(a, admins, get, integration+"/secrets", "listSecrets", "Integrations", "List what is known of an integration's secrets", a.listSecrets)
	op(a, admins, post, integration+"/secrets", "addSecret", "Integrations", "Make one more client secret; answers it, this once", a.addSecret)
	op(a, admins, post, integration+"/rotate-secret", "rotateSecret", "Integrations", "Make a new client secret and let the others end; answers it, this once", a.rotateSecret)
	op(a, admins, patch, secret, "updateSecret", "Integrations", "Change a client secret's label or end", a.updateSecret)
	op(a, admins, post, secret+"/cancel-rotation", "cancelRotation", "Integrations", "Take a rotation back: this secret goes, those that it replaced stay", a.cancelRotation)
	op(a, admins, post, secret+"/complete-rotation", "completeRotation", "Integrations", "End the secrets that this one replaced, now", a.completeRotation)
	op(a, admins, del, secret, "deleteSecret", "Integrations", "End a client secret at once, with the tokens made with it", a.deleteSecret)
	op(a, admins, get, integration+"/trusts", "listTrusts", "Integrations", "List the keys, issuers and certificates that an integration can prove itself by", a.listTrusts)
	op(a, admins, post, integration+"/trusts", "createTrust", "Integrations", "Let an integration prove itself by a key, a workload's token or a certificate", a.createTrust)
	op(a, admins, get, trust, "getTrust", "Integrations", "Get a key, an issuer or a certificate", a.getTrust)
	op(a, admins, patch, trust, "updateTrust", "Integrations", "Change the label or the end of a key, an issuer or a certificate", a.updateTrust)
	op(a, admins, del, trust, "deleteTrust", "Integrations", "End a key, an issuer or a certificate at once, with the tokens made with it", a.deleteTrust)

	op(a, admins, get, applications, "listApplications", "Applications", "List the applications that people sign in to, to work in an environment", a.listApplications)
	op(a, admins, post, applications, "createApplication", "Applications", "Register an application", a.createApplication)
	op(a, admins, get, application, "getApplication", "Applications", "Get an application", a.getApplication)
	op(a, admins, patch, application, "updateApplication", "Applications", "Change an application's name or where it may send people back to", a.updateApplication)
	op(a, admins, del, application, "deleteApplication", "Applications", "Delete an application; the tokens that people gave to it end at once", a.deleteApplication)
}

// op is one line of the index.
func op[I, O any](a *API, who web.Access, method, path, id, tag, summary string, h func(context.Context, web.Caller, *I) (*O, error)) {
	o := huma.Operation{Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary}
	switch {
	case method != http.MethodGet && reflect.TypeFor[O]() == reflect.TypeFor[none]():
		o.DefaultStatus = http.StatusNoContent
	case method == http.MethodPost && !slices.Contains([]string{"rotateSecret", "restoreEnvironment", "inviteAgain"}, id):
		o.DefaultStatus = http.StatusCreated
	default:
		o.DefaultStatus = http.StatusOK
	}
	web.Register(a.web, who, o, h)
}
