// Two drawings of one process side by side: what was added, changed, removed, in colour and as a list.
import { diff } from 'bpmn-js-differ';
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import zeebe from 'zeebe-bpmn-moddle/resources/zeebe.json';

import { FONTS } from '../theme';
import './comparison.css';

type Kind = 'added' | 'removed' | 'changed' | 'moved';

interface Change {
  id: string;
  name: string;
  kind: Kind;
  detail: string;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- the parts of diagram-js have no common types */
type Any = any;

export function Comparison({ before, after }: { before: string | null; after: string }) {
  const { t } = useTranslation();
  const old = useRef<HTMLDivElement>(null);
  const now = useRef<HTMLDivElement>(null);
  const viewers = useRef<NavigatedViewer[]>([]);
  const [changes, setChanges] = useState<Change[]>();

  useEffect(() => {
    if (!now.current) return;
    let alive = true;
    setChanges(undefined);
    const make = (container: HTMLElement) =>
      new NavigatedViewer({
        container,
        moddleExtensions: { zeebe } as Any,
        textRenderer: { defaultStyle: { fontFamily: FONTS, fontSize: 13 }, externalStyle: { fontFamily: FONTS, fontSize: 12 } },
      });
    const right = make(now.current);
    const left = before !== null && old.current ? make(old.current) : undefined;
    const made = left ? [left, right] : [right];
    viewers.current = made;
    Promise.all([left?.importXML(before ?? ''), right.importXML(after)])
      .then(() => {
        if (!alive) return;
        const found = left ? compared(left.getDefinitions(), right.getDefinitions()) : [];
        for (const change of found) {
          mark(change.kind === 'removed' ? left : right, change);
          if (change.kind === 'changed') mark(left, change);
        }
        setChanges(found);
      })
      .catch((problem: unknown) => {
        if (alive) throw problem;
      });
    return () => {
      alive = false;
      for (const each of made) each.destroy();
      viewers.current = [];
    };
  }, [before, after]);

  // The list below has taken its place by now.
  useEffect(() => {
    if (changes) for (const each of viewers.current) fit(each.get('canvas'));
  }, [changes]);

  const show = (id: string) => {
    for (const viewer of viewers.current) {
      const element = (viewer.get('elementRegistry') as Any).get(id);
      if (element) (viewer.get('canvas') as Any).scrollToElement(element, 80);
    }
  };
  return (
    <div className="comparison" data-ready={changes ? 'comparison' : undefined}>
      <div className="comparison-papers">
        {before !== null && (
          <figure>
            <figcaption>{t('design.running')}</figcaption>
            <div ref={old} className="comparison-paper" role="region" aria-label={t('design.running')} />
          </figure>
        )}
        <figure>
          <figcaption>{t('design.draft')}</figcaption>
          <div ref={now} className="comparison-paper" role="region" aria-label={t('design.draft')} />
        </figure>
      </div>
      {before === null && <p className="soft">{t('design.isNew')}</p>}
      {changes && before !== null && changes.length === 0 && <p className="soft">{t('design.noChanges')}</p>}
      <ul className="comparison-list" aria-label={t('design.changes')}>
        {changes?.map((each) => (
          <li key={`${each.kind}-${each.id}`}>
            <button type="button" onClick={() => show(each.id)} data-change={each.kind}>
              <span className={`change-mark ${each.kind}`}>{t(`design.change.${each.kind}`)}</span>
              <strong>{each.name}</strong>
              <span className="soft">{each.detail}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function compared(before: unknown, after: unknown): Change[] {
  const found = diff(before, after);
  const rows: Change[] = [];
  const add = (kind: Kind, all: Record<string, Any>, model: (each: Any) => Any = (each) => each) => {
    for (const [id, each] of Object.entries(all)) {
      const object = model(each);
      if (kind === 'moved' && (found._changed[id] ?? found._added[id])) continue;
      rows.push({ id, kind, name: nameOf(object, id), detail: detail(each.attrs, object) });
    }
  };
  add('added', found._added);
  add('removed', found._removed);
  add('changed', found._changed, (each) => each.model);
  add('moved', found._layoutChanged);
  return rows;
}

/** A flow without a name is called by what it connects. */
function nameOf(object: Any, id: string): string {
  const ends = [object?.sourceRef, object?.targetRef].map((each) => each?.name || each?.id);
  return String(object?.name || (ends[0] && ends[1] ? `${ends[0]} → ${ends[1]}` : id));
}

function detail(attributes: Record<string, Any> | undefined, object: Any): string {
  const said = Object.entries(attributes ?? {}).map(([name, { oldValue, newValue }]) => {
    if (/^(incoming|outgoing|sourceRef|targetRef)/.test(name)) return '';
    const simple = [oldValue, newValue].every((each) => each === undefined || typeof each !== 'object');
    // Which of both is the new one, the drawing itself says.
    const now = object?.[name];
    return simple ? `${name}: ${(oldValue === now ? newValue : oldValue) ?? '—'} → ${now ?? '—'}` : name.replace(/^extensionElements.*/, 'zeebe');
  });
  return [...new Set(said.filter(Boolean))].join(' · ');
}

function mark(viewer: NavigatedViewer | undefined, change: Change): void {
  const registry: Any = viewer?.get('elementRegistry');
  if (registry?.get(change.id)) (viewer?.get('canvas') as Any).addMarker(change.id, `change-${change.kind}`);
}

function fit(canvas: Any): void {
  canvas.resized();
  const { inner } = canvas.viewbox();
  if (!inner.width) return;
  canvas.viewbox({ x: inner.x - 40, y: inner.y - 40, width: inner.width + 80, height: inner.height + 80 });
  if (canvas.zoom() > 1.1) canvas.zoom(1.1);
}
