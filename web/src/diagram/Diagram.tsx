// The one component that knows bpmn-js: draws a process, paints the way a run took, and tells what was clicked.
// The bpmn.io mark in the corner stays free and visible, as its licence asks.
import { CompressOutlined, ZoomInOutlined, ZoomOutOutlined } from '@ant-design/icons';
import { Button, Space } from 'antd';
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useLanguage } from '../i18n';
import { FONTS } from '../theme';
import { duration } from '../widgets/figures';
import './diagram.css';
import { nameIn } from './names';

export interface DrawnNode {
  element: string;
  state: string;
  duration_s: number;
  here: number;
  times: number;
}

interface Props {
  xml: string;
  title: string;
  nodes: DrawnNode[];
  flows: string[];
  selected: string | undefined;
  onSelect: (element: string) => void;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- the parts of diagram-js have no common types */
type Any = any;
const PAD = 40;
const SLOW_S = 0.5;

function fit(canvas: Any): void {
  const { inner } = canvas.viewbox();
  const box = { x: inner.x - PAD, y: inner.y - PAD, width: inner.width + 2 * PAD, height: inner.height + 2 * PAD };
  canvas.viewbox(box);
  if (canvas.zoom() > 1.1) canvas.zoom(1.1);
}

export function Diagram({ xml, title, nodes, flows, selected, onSelect }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const host = useRef<HTMLDivElement>(null);
  const viewer = useRef<NavigatedViewer>(undefined);
  const click = useRef(onSelect);
  click.current = onSelect;
  const [drawn, setDrawn] = useState(0);
  const [ready, setReady] = useState(false);

  useEffect(() => {
    if (!host.current) return;
    let alive = true;
    const made = new NavigatedViewer({
      container: host.current,
      textRenderer: { defaultStyle: { fontFamily: FONTS, fontSize: 13 }, externalStyle: { fontSize: 12 } },
    });
    viewer.current = made;
    setReady(false);
    made
      .importXML(xml)
      .then(() => {
        if (!alive) return;
        const bus: Any = made.get('eventBus');
        bus.on('element.click', ({ element }: Any) => click.current(element.labelTarget?.id ?? element.id));
        fit(made.get('canvas'));
        setDrawn((count) => count + 1);
      })
      .catch((problem: unknown) => {
        // Destroyed while it was importing.
        if (alive) throw problem;
      });
    return () => {
      alive = false;
      made.destroy();
      viewer.current = undefined;
    };
  }, [xml]);

  // Names in the language of the reader; outside labels take a box of the new text's size first.
  useEffect(() => {
    const made = viewer.current;
    if (!made || drawn === 0) return;
    const registry: Any = made.get('elementRegistry');
    const graphics: Any = made.get('graphicsFactory');
    const texts: Any = made.get('textRenderer');
    registry.forEach((element: Any, gfx: Any) => {
      const object = element.businessObject;
      if (!object || element.parent === undefined) return;
      const full: string | undefined = (object.$fullName ??= object.name);
      if (typeof full !== 'string' || full === '') return;
      const name = nameIn(full, language);
      object.name = name;
      if (element.labelTarget) {
        const middle = element.x + element.width / 2;
        const bounds = texts.getExternalLabelBounds(
          { x: middle - 60, y: element.y, width: 120, height: element.height },
          name,
        );
        Object.assign(element, bounds, { x: Math.round(middle - bounds.width / 2), y: element.y });
        gfx.setAttribute('transform', `matrix(1 0 0 1 ${element.x} ${element.y})`);
      }
      graphics.update(element.waypoints ? 'connection' : 'shape', element, gfx);
    });
  }, [drawn, language]);

  useEffect(() => {
    const made = viewer.current;
    if (!made || drawn === 0) return;
    const canvas: Any = made.get('canvas');
    const overlays: Any = made.get('overlays');
    const registry: Any = made.get('elementRegistry');
    const marked: [string, string][] = [];
    const mark = (id: string, name: string) => {
      if (!registry.get(id)) return;
      canvas.addMarker(id, name);
      marked.push([id, name]);
    };
    for (const id of flows) mark(id, 'run-flow');
    for (const node of nodes) {
      mark(node.element, `run-${node.state}`);
      const element = registry.get(node.element);
      if (!element || element.waypoints || element.labelTarget) continue;
      const isTask = element.width >= 80;
      if (isTask && (node.duration_s >= SLOW_S || node.times > 1)) {
        const parts = [node.times > 1 ? `×${node.times}` : '', node.duration_s >= SLOW_S ? duration(node.duration_s, language) : ''];
        overlays.add(node.element, 'run', {
          position: { top: -10, left: 4 },
          html: badge(`run-badge state-${node.state}`, parts.filter(Boolean).join(' · ')),
        });
      }
      if (node.here > 0) {
        overlays.add(node.element, 'run', {
          position: { top: -10, right: 12 },
          html: badge(`run-here state-${node.state}`, `● ${node.here}`),
        });
      }
    }
    setReady(true);
    return () => {
      if (viewer.current !== made) return;
      overlays.remove({ type: 'run' });
      for (const [id, name] of marked) if (registry.get(id)) canvas.removeMarker(id, name);
    };
  }, [drawn, nodes, flows, language]);

  useEffect(() => {
    const made = viewer.current;
    if (!made || drawn === 0 || !selected) return;
    const canvas: Any = made.get('canvas');
    const registry: Any = made.get('elementRegistry');
    if (!registry.get(selected)) return;
    canvas.addMarker(selected, 'run-selected');
    return () => {
      if (viewer.current === made && registry.get(selected)) canvas.removeMarker(selected, 'run-selected');
    };
  }, [drawn, selected]);

  const canvasOf = (): Any => viewer.current?.get('canvas');
  return (
    <div className="diagram" role="region" aria-label={t('instances.diagramLabel', { title })} data-ready={ready ? 'diagram' : undefined}>
      <div ref={host} className="diagram-paper" />
      <Space.Compact className="diagram-zoom">
        <Button icon={<ZoomOutOutlined />} aria-label={t('instances.zoomOut')} onClick={() => canvasOf()?.zoom(canvasOf().zoom() / 1.25)} />
        <Button icon={<CompressOutlined />} aria-label={t('instances.fit')} onClick={() => fit(canvasOf())} />
        <Button icon={<ZoomInOutlined />} aria-label={t('instances.zoomIn')} onClick={() => canvasOf()?.zoom(canvasOf().zoom() * 1.25)} />
      </Space.Compact>
    </div>
  );
}

function badge(name: string, text: string): HTMLElement {
  const made = document.createElement('span');
  made.className = name;
  made.textContent = text;
  return made;
}
