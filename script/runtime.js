// What a connector's script finds around it. This is evaluated before the script, with the
// host's functions as globals, which it takes away; its value is what the host calls.
"use strict";
(() => {
  const { hostFetch, hostSleep, hostLog, hostDone } = globalThis;
  for (const name of ["hostFetch", "hostSleep", "hostLog", "hostDone"]) delete globalThis[name];
  const { parse, stringify } = JSON;
  const text = String;
  const waiting = new Map();
  let last = 0;

  const promised = (start) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      start(id);
    });

  class ConnectorHttpError extends Error {
    constructor(status, message) {
      super(message === undefined ? "HTTP error " + text(status) : message);
      this.name = "ConnectorHttpError";
      this.status = status;
    }
  }

  class FilePointer {
    constructor(id, url, name) {
      this.id = id;
      this.url = url;
      this.name = name;
    }
  }

  class StudioFormData {
    #entries = [];
    append(name, value, fileName) {
      this.#entries.push([text(name), value instanceof FilePointer ? value : text(value), fileName]);
    }
    set(name, value, fileName) {
      this.delete(name);
      this.append(name, value, fileName);
    }
    delete(name) {
      this.#entries = this.#entries.filter((e) => e[0] !== text(name));
    }
    get(name) {
      const found = this.#entries.find((e) => e[0] === text(name));
      return found === undefined ? null : found[1];
    }
    getAll(name) {
      return this.#entries.filter((e) => e[0] === text(name)).map((e) => e[1]);
    }
    has(name) {
      return this.#entries.some((e) => e[0] === text(name));
    }
    forEach(callback, self) {
      this.#entries.forEach((e) => callback.call(self, e[1], e[0], this));
    }
    toJSON() {
      return {
        studioFormData: this.#entries.map(([name, value, fileName]) =>
          value instanceof FilePointer ? { name, file: value.id, fileName: fileName ?? value.name } : { name, value }),
      };
    }
  }

  const headerList = (headers) => {
    if (headers === undefined || headers === null) return [];
    const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
    return pairs.filter((p) => p[1] !== undefined && p[1] !== null).map((p) => [text(p[0]), text(p[1])]);
  };

  const bodyOf = (body) => {
    if (body === undefined || body === null) return {};
    if (body instanceof FilePointer) return { file: text(body.id) };
    if (body instanceof StudioFormData) return { form: body.toJSON().studioFormData };
    if (typeof body === "object") {
      if (Array.isArray(body.studioFormData)) return { form: body.studioFormData };
      if (typeof body.id === "string" && typeof body.url === "string") return { file: body.id };
      throw new TypeError("a body is to be a string, a FilePointer or a StudioFormData");
    }
    return { text: text(body) };
  };

  const runtime = {
    options: {},
    platform: "server",
    sdkVersion: "",
    fetch: async (url, init) => {
      const i = init ?? {};
      const request = {
        url: text(url),
        method: i.method === undefined || i.method === null ? "GET" : text(i.method),
        headers: headerList(i.headers),
        redirect: i.redirect === undefined || i.redirect === null ? "follow" : text(i.redirect),
        ...bodyOf(i.body),
      };
      const order = stringify(request);
      return parse(await promised((id) => hostFetch(id, order)));
    },
    logError: (message) => hostLog(text(message)),
  };

  const shown = (v) => {
    if (typeof v === "string") return v;
    try {
      return v instanceof Error ? text(v) : (stringify(v) ?? text(v));
    } catch {
      return text(typeof v);
    }
  };
  const print = (...all) => hostLog(all.map(shown).join(" "));

  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  define("ConnectorHttpError", ConnectorHttpError);
  define("FilePointer", FilePointer);
  define("StudioFormData", StudioFormData);
  define("sleep", (ms) => promised((id) => hostSleep(id, Number(ms) || 0)));
  define("console", { log: print, info: print, warn: print, error: print, debug: print });

  const line = (e) => {
    const found = /connector:(\d+)/.exec(typeof e.stack === "string" ? e.stack : "");
    return found === null ? 0 : Number(found[1]);
  };
  const failure = (e, kind) => {
    if (e instanceof ConnectorHttpError) return { kind: "http", status: Number(e.status) || 0, message: text(e.message) };
    if (e instanceof Error) return { kind, name: text(e.name), message: text(e.message), line: line(e) };
    return { kind, name: "Exception", message: shown(e) };
  };
  const say = (f) => {
    try {
      hostDone(false, stringify(f()));
    } catch {
      hostDone(false, '{"kind":"threw","name":"Exception","message":"an exception that cannot be shown"}');
    }
  };

  const call = async (program, order) => {
    let method;
    let instance;
    let args;
    try {
      const { options, version } = parse(program);
      const o = parse(order);
      method = o.method;
      args = o.args;
      if (method === "upload") args[0] = args[0].map((f) => new FilePointer(f.id, f.url, f.name));
      runtime.options = options ?? {};
      runtime.sdkVersion = version;
      const module = await import("connector");
      if (typeof module.default !== "function") throw new TypeError("the script's default export is no class");
      instance = new module.default(runtime);
    } catch (e) {
      say(() => failure(e, "broken"));
      return;
    }
    try {
      if (typeof instance[method] !== "function") {
        say(() => ({ kind: "absent" }));
        return;
      }
      const value = await instance[method](...args);
      hostDone(true, stringify(value ?? null) ?? "null");
    } catch (e) {
      say(() => failure(e, "threw"));
    }
  };

  const settle = (id, good, value) => {
    const w = waiting.get(id);
    waiting.delete(id);
    if (good) w.resolve(value);
    else w.reject(new TypeError(value));
  };

  return { call: (program, order) => void call(program, order), settle };
})();
