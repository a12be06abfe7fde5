// One event stream for all tabs of a browser: a browser opens at most six connections to a host.
/// <reference lib="webworker" />
declare const self: SharedWorkerGlobalScope;

const ports = new Set<MessagePort>();
let source: EventSource | undefined;

export type FromWorker =
  | { kind: 'state'; open: boolean }
  | { kind: 'facts'; seq: number; facts: { topic: string; id: string }[] }
  | { kind: 'resync' };

function tell(message: FromWorker): void {
  for (const port of ports) port.postMessage(message);
}

function open(): void {
  source?.close();
  source = new EventSource('/api/v1/events/stream');
  let seen = 0;
  source.onopen = () => {
    seen = 0;
    tell({ kind: 'state', open: true });
    tell({ kind: 'resync' });
  };
  source.onerror = () => {
    tell({ kind: 'state', open: false });
    // The browser tries again by itself, but not after an answer such as 401 or 503.
    if (source?.readyState === EventSource.CLOSED) setTimeout(() => ports.size > 0 && open(), 5_000);
  };
  source.addEventListener('facts', (event) => {
    const told = JSON.parse((event as MessageEvent<string>).data) as { seq: number; facts: { topic: string; id: string }[] };
    if (told.seq !== seen + 1) tell({ kind: 'resync' });
    seen = told.seq;
    tell({ kind: 'facts', ...told });
  });
}

self.onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  port.onmessage = (message: MessageEvent<'bye' | 'again'>) => {
    if (message.data === 'again') {
      open();
      return;
    }
    ports.delete(port);
    if (ports.size === 0) {
      source?.close();
      source = undefined;
    }
  };
  ports.add(port);
  if (source) port.postMessage({ kind: 'state', open: source.readyState === EventSource.OPEN } satisfies FromWorker);
  else open();
};
