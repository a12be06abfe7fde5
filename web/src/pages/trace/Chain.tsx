// The chain of documents: one column for each stage, documents as cards, lines between them with quantities.
import { ExportOutlined } from '@ant-design/icons';
import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Trail, TrailDocument } from '../../api/trace';
import { type Language, useLanguage } from '../../i18n';
import { useMode } from '../../theme';
import { StateTag } from '../../widgets/StateTag';
import { money, quantity } from '../../widgets/figures';
import { useNames } from '../../widgets/names';
import { looksOf } from '../../widgets/states';
import { Moment } from '../../widgets/time';
import { stateOf } from './states';

interface Arrow {
  key: string;
  path: string;
  text: string;
  x: number;
  y: number;
  anchor: 'start' | 'middle' | 'end';
}

interface Column {
  name: string;
  title: string;
  documents: TrailDocument[];
}

export function Chain({ trail }: { trail: Trail }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const board = useRef<HTMLDivElement>(null);
  const [arrows, setArrows] = useState<{ width: number; height: number; list: Arrow[] }>();
  const columns = useMemo(() => columnsOf(trail, language, t('trace.noStage')), [trail, language, t]);

  useLayoutEffect(() => {
    const element = board.current;
    if (!element) return;
    const draw = () => setArrows({ width: element.scrollWidth, height: element.scrollHeight, list: arrowsOf(element, trail, language) });
    draw();
    const watch = new ResizeObserver(draw);
    watch.observe(element);
    return () => watch.disconnect();
  }, [trail, columns, language]);

  if (trail.documents.length === 0) return null;
  return (
    <section className="panel chain-panel">
      <h2 className="panel-title">
        {t('trace.chain')} <small className="soft">{t('trace.chainAbout')}</small>
      </h2>
      <div className="chain-scroll" tabIndex={0} role="group" aria-label={t('trace.chain')}>
        <div className="chain" ref={board} style={{ '--columns': columns.length } as React.CSSProperties} data-ready="chain">
          {arrows && (
            <svg className="chain-arrows" width={arrows.width} height={arrows.height} aria-hidden>
              <defs>
                <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
                  <path d="M0 0 L8 4 L0 8 z" />
                </marker>
              </defs>
              {arrows.list.map((arrow) => (
                <g key={arrow.key} data-edge={arrow.key}>
                  <path d={arrow.path} markerEnd="url(#tip)" />
                  {arrow.text && (
                    <text x={arrow.x} y={arrow.y} textAnchor={arrow.anchor}>
                      {arrow.text}
                    </text>
                  )}
                </g>
              ))}
            </svg>
          )}
          {columns.map((column) => (
            <div key={column.name} className="chain-column">
              <h3>{column.title}</h3>
              {column.documents.map((document) => (
                <Card key={document.id} document={document} trail={trail} />
              ))}
              {column.documents.length === 0 && <p className="soft chain-empty">—</p>}
            </div>
          ))}
        </div>
      </div>
    </section>
  );
}

function Card({ document, trail }: { document: TrailDocument; trail: Trail }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { mode } = useMode();
  const names = useNames();
  const state = stateOf(document.state);
  const unit = document.unit ?? '';
  const asked = [document.number, document.business_key].includes(trail.number) && document.number === trail.number;
  const before = trail.edges.filter((edge) => edge.to_id === document.id);
  const numbers = new Map(trail.documents.map((each) => [each.id, each.number]));
  return (
    <article
      className={`card${asked ? ' card-asked' : ''}`}
      style={{ borderLeftColor: looksOf(mode)[state].line }}
      data-document={document.id}
    >
      <header>
        <span className="card-system">{names.mark(document.system)}</span>
        <span className="card-kind">{document.kind_title[language]}</span>
        {document.url && (
          <a
            href={document.url}
            target="_blank"
            rel="noreferrer"
            title={t('trace.openIn', { system: document.system_title[language] })}
            aria-label={`${t('trace.openIn', { system: document.system_title[language] })}: ${document.number}`}
          >
            <ExportOutlined />
          </a>
        )}
      </header>
      <div className="card-number mono">{document.number}</div>
      <div className="card-figures number">
        {document.quantity && document.lines.length > 0 && <span>{quantity(document.quantity, language, unit)}</span>}
        {document.amount && <span>{money(document.amount, document.currency ?? trail.order?.currency, language)}</span>}
      </div>
      {before.length > 0 && (
        <div className="card-from soft">
          {before.map((edge) => (
            <span key={edge.from_id}>
              {t('trace.from')} <span className="mono">{numbers.get(edge.from_id)}</span>
              {edge.quantity && ` · ${quantity(edge.quantity, language, edge.unit)}`}
            </span>
          ))}
        </div>
      )}
      <footer>
        <StateTag state={state}>{document.status_title[language]}</StateTag>
        <span className="soft">
          <Moment at={document.updated_at} />
        </span>
      </footer>
    </article>
  );
}

function columnsOf(trail: Trail, language: Language, rest: string): Column[] {
  const columns: Column[] = trail.stages.map((stage) => ({
    name: stage.name,
    title: stage.title[language],
    documents: inOrder(
      trail.documents.filter((document) => document.stage === stage.name),
      trail,
    ),
  }));
  const others = trail.documents.filter((document) => !columns.some((column) => column.name === document.stage));
  if (others.length > 0) columns.push({ name: '', title: rest, documents: others });
  return columns;
}

/** Within a stage each document stands below the one it follows from, as far as that can be. */
function inOrder(documents: TrailDocument[], trail: Trail): TrailDocument[] {
  const here = new Map(documents.map((document) => [document.id, document]));
  const after = (id: string) => trail.edges.filter((edge) => edge.from_id === id && here.has(edge.to_id));
  const later = new Set(documents.flatMap((document) => after(document.id).map((edge) => edge.to_id)));
  const out: TrailDocument[] = [];
  const put = (document: TrailDocument | undefined) => {
    if (!document || out.includes(document)) return;
    out.push(document);
    for (const edge of after(document.id)) put(here.get(edge.to_id));
  };
  for (const document of documents) if (!later.has(document.id)) put(document);
  documents.forEach(put);
  return out;
}

interface Drawn {
  from_id: string;
  to_id: string;
  quantity: string | null;
  unit: string | null;
}

/** Without arrows that a longer way says already; the way's last arrow takes over the quantity where it has none. */
function drawnEdges(trail: Trail): Drawn[] {
  const next = new Map<string, string[]>();
  for (const edge of trail.edges) next.set(edge.from_id, [...(next.get(edge.from_id) ?? []), edge.to_id]);
  const leads = (from: string, to: string, seen: Set<string>): boolean => {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return (next.get(from) ?? []).some((each) => leads(each, to, seen));
  };
  const short = trail.edges.filter((edge) =>
    (next.get(edge.from_id) ?? []).some((each) => each !== edge.to_id && leads(each, edge.to_id, new Set([edge.from_id]))),
  );
  return trail.edges
    .filter((edge) => !short.includes(edge))
    .map((edge) => {
      const said = edge.quantity ? edge : short.find((each) => each.to_id === edge.to_id && each.quantity);
      return { from_id: edge.from_id, to_id: edge.to_id, quantity: said?.quantity ?? null, unit: said?.unit ?? null };
    });
}

function arrowsOf(board: HTMLElement, trail: Trail, language: Language): Arrow[] {
  const origin = board.getBoundingClientRect();
  const boxes = new Map<string, DOMRect>();
  for (const card of board.querySelectorAll<HTMLElement>('[data-document]')) {
    boxes.set(card.dataset.document ?? '', card.getBoundingClientRect());
  }
  const arriving = new Map<string, number>();
  const list: Arrow[] = [];
  for (const edge of drawnEdges(trail)) {
    const from = boxes.get(edge.from_id);
    const to = boxes.get(edge.to_id);
    if (!from || !to) continue;
    const place = arriving.get(edge.to_id) ?? 0;
    arriving.set(edge.to_id, place + 1);
    const text = edge.quantity ? quantity(edge.quantity, language, edge.unit) : '';
    const key = `${edge.from_id}>${edge.to_id}`;
    if (Math.abs(from.left - to.left) < 8) {
      // One below the other in the same stage: straight down, or along the left side past what stands between.
      const next = to.top - from.bottom < 60 && to.top >= from.bottom;
      const x = from.left - origin.left + (next ? 24 : 0);
      const y1 = (next ? from.bottom : from.top + 34) - origin.top;
      const y2 = (next ? to.top : to.top + 34) - origin.top;
      const bow = Math.min(46, 18 + (y2 - y1) / 14);
      const path = next ? `M${x} ${y1} L${x} ${y2 - 1}` : `M${x} ${y1} C${x - bow} ${y1}, ${x - bow} ${y2}, ${x - 2} ${y2}`;
      list.push({ key, path, text, x: x + (next ? 8 : -6), y: next ? (y1 + y2) / 2 + 4 : y2 - 6, anchor: next ? 'start' : 'end' });
      continue;
    }
    const forward = to.left > from.left;
    const x1 = (forward ? from.right : from.left) - origin.left;
    const x2 = (forward ? to.left : to.right) - origin.left;
    const y1 = from.top + Math.min(34, from.height / 2) - origin.top;
    const y2 = to.top + 34 + place * 18 - origin.top;
    const bend = Math.min(48, Math.abs(x2 - x1) / 2) * (forward ? 1 : -1);
    list.push({
      key,
      path: `M${x1} ${y1} C${x1 + bend} ${y1}, ${x2 - bend} ${y2}, ${x2 - (forward ? 2 : -2)} ${y2}`,
      text,
      x: x2 - (forward ? 8 : -8),
      y: y2 - 6,
      anchor: forward ? 'end' : 'start',
    });
  }
  return list;
}
