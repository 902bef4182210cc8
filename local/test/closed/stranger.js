/**
 * A page of another origin: it tries whatever a page may send to the servers of the local cloud, and lists what it
 * could read.
 *
 * `targets` comes from the server of the page: { origin, calls: [{ method, path, body, type, headers }] }.
 */
(async () => {
  const read = [];
  const note = (what, value) => read.push(`${what}: ${String(value).slice(0, 200)}`);
  /** Runs an attempt to its end, whatever that is. */
  const attempt = (run) =>
    Promise.race([run().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 3000))]);

  const fetched = (url, options) => async () => {
    const response = await fetch(url, options);
    if (response.type !== 'opaque' && response.type !== 'opaqueredirect') {
      note(`fetch ${options.method ?? 'GET'} ${url}`, await response.text());
    }
  };
  const requested = (url, method, body) => () =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      request.onload = () => resolve(note(`XMLHttpRequest ${method} ${url}`, request.responseText));
      request.onerror = resolve;
      request.send(body);
    });
  const element = (tag, url, set) => () =>
    new Promise((resolve) => {
      const created = document.createElement(tag);
      created.onload = () => {
        // The error page of a refused frame loads too, but cannot be read
        const inside = tag === 'iframe' ? created.contentDocument?.body.innerText : 'loaded';
        resolve(inside && note(`${tag} ${url}`, inside));
      };
      created.onerror = resolve;
      set?.(created);
      created[tag === 'link' ? 'href' : 'src'] = url;
      document.body.append(created);
    });
  const form = (url, method, fields, enctype) => () =>
    new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.name = `frame${Math.random()}`;
      document.body.append(frame);
      const created = document.createElement('form');
      Object.assign(created, { action: url, method, enctype, target: frame.name });
      for (const [name, value] of Object.entries(fields)) {
        const input = document.createElement('input');
        Object.assign(input, { name, value, type: 'hidden' });
        created.append(input);
      }
      document.body.append(created);
      frame.onload = resolve;
      created.submit();
    });
  const socket = (url) => () =>
    new Promise((resolve) => {
      const opened = new WebSocket(url);
      opened.onopen = () => resolve(note(`WebSocket ${url}`, 'open'));
      opened.onclose = resolve;
    });
  const events = (url) => () =>
    new Promise((resolve) => {
      const source = new EventSource(url);
      const end = () => resolve(source.close());
      source.onopen = () => end(note(`EventSource ${url}`, 'open'));
      source.onerror = end;
    });

  const attempts = [];
  for (const { origin, calls } of window.targets) {
    for (const { method, path, body, type, headers = {} } of calls) {
      const url = origin + path;
      const simple = { method, ...(body !== undefined && { body }) };
      for (const mode of ['cors', 'no-cors']) {
        attempts.push(
          fetched(url, { ...simple, mode, credentials: 'include', headers: { 'content-type': 'text/plain' } }),
        );
      }
      // These need a preflight request
      attempts.push(
        fetched(url, { ...simple, headers: { ...headers, ...(type !== undefined && { 'content-type': type }) } }),
      );
      attempts.push(requested(url, method, body));
      if (method === 'GET') {
        attempts.push(
          element('img', url),
          element('script', url),
          element('iframe', url),
          element('link', url, (link) => (link.rel = 'stylesheet')),
          events(url),
          form(url, 'get', Object.fromEntries(new URL(url).searchParams), ''),
        );
      } else if (method === 'POST') {
        const fields =
          type === 'application/x-www-form-urlencoded'
            ? Object.fromEntries(new URLSearchParams(body))
            : { x: body ?? '' };
        attempts.push(form(url, 'post', fields, 'application/x-www-form-urlencoded'));
        attempts.push(form(url, 'post', fields, 'text/plain'));
        attempts.push(async () => void navigator.sendBeacon(url, body ?? ''));
      }
      attempts.push(socket(url.replace(/^http/, 'ws')));
    }
  }
  await Promise.all(attempts.map(attempt));
  window.result = { attempts: attempts.length, read };
})();
