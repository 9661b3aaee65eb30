// A round trip through the client that openapi-typescript and openapi-fetch make of the
// Environment API's document, and one call of the Platform API's. Each answer is used by
// the types of the documents alone: what they got wrong does not compile.
import createClient from 'openapi-fetch';
import type { paths as EnvironmentPaths } from './environment.js';
import type { paths as PlatformPaths } from './platform.js';

const need = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const url = need('TEPIN_URL');
const environment = need('TEPIN_ENVIRONMENT');

const grant = await fetch(`${url}/oauth/token`, {
  method: 'POST',
  body: new URLSearchParams({ grant_type: 'client_credentials', client_id: need('TEPIN_CLIENT_ID'), client_secret: need('TEPIN_CLIENT_SECRET') }),
});
const { access_token: token } = await grant.json() as { access_token: string };
const headers = { Authorization: `Bearer ${token}` };
const api = createClient<EnvironmentPaths>({ baseUrl: url, headers });
const platform = createClient<PlatformPaths>({ baseUrl: url, headers });
const base = '/grafx/api/v1/environment/{environment}' as const;

// must returns the data of an answer, or ends with its problem.
const must = <T>(what: string, answer: { data?: T; error?: unknown; response: Response }): T => {
  if (answer.data === undefined) throw new Error(`${what}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  return answer.data;
};

const environments = must('environments', await platform.GET('/api/v1/environments'));
if (!environments?.some((e) => e.technicalName === environment)) throw new Error('the environment is not listed');

const templates = must('templates', await api.GET(`${base}/templates`, { params: { path: { environment }, query: { limit: 1 } } }));
const template = templates.data[0];
if (!template) throw new Error('there is no template');
const again = must('template', await api.GET(`${base}/templates/{id}`, { params: { path: { environment, id: template.id } } }));
if (again.data.name !== template.name) throw new Error(`the template is called ${again.data.name}`);

const project = must('new project', await api.POST(`${base}/projects`, { params: { path: { environment } }, body: { name: 'Generated', template: { id: template.id } } }));
const document = must('document', await api.GET(`${base}/projects/{id}/document`, { params: { path: { environment, id: project.id } } }));
const saved = await api.PUT(`${base}/projects/{id}/document`, { params: { path: { environment, id: project.id } }, body: document });
if (saved.response.status !== 204) throw new Error(`save: ${saved.response.status}`);

const order = must('order', await api.POST(`${base}/output/png`, { params: { path: { environment } }, body: { projectId: project.id } }));
const { taskId } = order.data;
for (let tries = 0; ; tries++) {
  const task = await api.GET(`${base}/output/tasks/{id}`, { params: { path: { environment, id: taskId } }, parseAs: 'text' });
  if (task.response.status === 200) break;
  if (task.response.status !== 202 || tries > 300) throw new Error(`task: ${task.response.status} ${JSON.stringify(task.error)}`);
  await new Promise((resolve) => setTimeout(resolve, 200));
}
const picture = await api.GET(`${base}/output/tasks/{id}/download`, { params: { path: { environment, id: taskId } }, parseAs: 'arrayBuffer' });
const bytes = must('download', picture) as unknown as ArrayBuffer;
if (new Uint8Array(bytes)[1] !== 0x50) throw new Error('this is no PNG');

const missing = await api.GET(`${base}/templates/{id}`, { params: { path: { environment, id: '0190f3c4-7a5e-7c1f-9d1e-2b8a6d0f4c11' } } });
if (missing.error?.status !== 404 || !missing.error.detail) throw new Error(`a missing template: ${JSON.stringify(missing)}`);

const gone = await api.DELETE(`${base}/projects/{id}`, { params: { path: { environment, id: project.id } } });
if (!gone.response.ok) throw new Error(`delete: ${gone.response.status}`);
console.log(`ok ${taskId}`);
