// The one component that draws processes: bpmn-js's modeller with the Zeebe panel, templates of the systems'
// operations, and the hub's own findings painted on the elements. The bpmn.io mark in the corner stays free.
import { CloudElementTemplatesPropertiesProviderModule } from 'bpmn-js-element-templates';
import 'bpmn-js-element-templates/dist/assets/element-templates.css';
import { CreateAppendAnythingModule, CreateAppendElementTemplatesModule } from 'bpmn-js-create-append-anything';
import {
  BpmnPropertiesPanelModule,
  BpmnPropertiesProviderModule,
  ZeebePropertiesProviderModule,
} from 'bpmn-js-properties-panel';
import BpmnModeler from 'bpmn-js/lib/Modeler';
import '@bpmn-io/properties-panel/dist/assets/properties-panel.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/diagram-js.css';
import ZeebeBehaviors from 'camunda-bpmn-js-behaviors/lib/camunda-cloud';
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import zeebe from 'zeebe-bpmn-moddle/resources/zeebe.json';

import { useLanguage } from '../i18n';
import { FONTS } from '../theme';
import './modeler.css';
import { translateZh } from './modelerZh';
import { NoticesModule } from './notices';

export interface Painted {
  element: string;
  severity: 'error' | 'warning';
  text: string;
}

export interface ModelerHandle {
  undo: () => void;
  redo: () => void;
  /** Arranges everything anew, as one step that can be undone. */
  layout: () => Promise<void>;
  /** Shows an element and opens its properties. */
  show: (element: string) => void;
  fit: () => void;
  /** The drawing with everything typed so far. */
  xml: () => Promise<string>;
}

export interface Steps {
  undo: boolean;
  redo: boolean;
}

interface Props {
  /** What to begin with; another drawing is another component (`key`). */
  xml: string;
  title: string;
  templates: object[];
  findings: Painted[];
  handle: Ref<ModelerHandle>;
  onChange: (xml: string) => void;
  onSteps: (steps: Steps) => void;
  onTrouble: (problem: string | undefined) => void;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- the parts of diagram-js have no common types */
type Any = any;
const PAD = { left: 130, top: 60, right: 60, bottom: 60 };
const SETTLE_MS = 400;
const READABLE = 0.62;

/** Shows the drawing beside the palette; at first no smaller than it can be read. */
function fit(canvas: Any, smallest = 0.2): void {
  const { inner, outer } = canvas.viewbox();
  if (!inner.width || !inner.height) return;
  const room = { width: outer.width - PAD.left - PAD.right, height: outer.height - PAD.top - PAD.bottom };
  const fitting = Math.min(room.width / inner.width, room.height / inner.height);
  const scale = Math.max(smallest, Math.min(1, fitting));
  const above = Math.max(PAD.top, (room.height - inner.height * scale) / 3);
  canvas.viewbox({
    x: inner.x - PAD.left / scale,
    y: inner.y - above / scale,
    width: outer.width / scale,
    height: outer.height / scale,
  });
}

const arranged = async (xml: string): Promise<string> => (await import('bpmn-auto-layout')).layoutProcess(xml);

/** Files of other tools may come without a drawing: they get one. */
async function drawable(xml: string): Promise<string> {
  return /BPMNDiagram/.test(xml) ? xml : arranged(xml);
}

class LayoutHandler {
  static $inject = ['modeling', 'elementRegistry'];
  constructor(
    private readonly modeling: Any,
    private readonly registry: Any,
  ) {}

  preExecute({ arranged }: { arranged: Any }): void {
    const drawn: Any[] = arranged.diagrams?.[0]?.plane?.planeElement ?? [];
    for (const di of drawn) {
      const element = this.registry.get(di.bpmnElement?.id);
      // Events on a task's edge and names outside come along with what they belong to.
      if (!element || !di.bounds || element.host) continue;
      const delta = { x: di.bounds.x - element.x, y: di.bounds.y - element.y };
      if (delta.x || delta.y) this.modeling.moveElements([element], delta, undefined, { autoResize: false });
    }
    for (const di of drawn) {
      const element = this.registry.get(di.bpmnElement?.id);
      if (!element?.waypoints || !di.waypoint) continue;
      if (element.source.host) {
        this.modeling.layoutConnection(element);
        continue;
      }
      this.modeling.updateWaypoints(element, di.waypoint.map(({ x, y }: Any) => ({ x, y })));
    }
  }
}

export function Modeler({ xml, title, templates, findings, handle, onChange, onSteps, onTrouble }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const host = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const modeler = useRef<BpmnModeler>(undefined);
  const latest = useRef(xml);
  const told = useRef({ onChange, onSteps, onTrouble });
  told.current = { onChange, onSteps, onTrouble };
  const [drawn, setDrawn] = useState(0);

  useEffect(() => {
    if (!host.current || !panel.current) return;
    let alive = true;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const made = new BpmnModeler({
      container: host.current,
      propertiesPanel: { parent: panel.current },
      textRenderer: { defaultStyle: { fontFamily: FONTS, fontSize: 13 }, externalStyle: { fontFamily: FONTS, fontSize: 12 } },
      moddleExtensions: { zeebe },
      additionalModules: [
        BpmnPropertiesPanelModule,
        BpmnPropertiesProviderModule,
        ZeebePropertiesProviderModule,
        ZeebeBehaviors,
        CloudElementTemplatesPropertiesProviderModule,
        CreateAppendAnythingModule,
        CreateAppendElementTemplatesModule,
        NoticesModule,
        ...(language === 'zh' ? [{ translate: ['value', translateZh] }] : []),
      ],
    } as Any);
    modeler.current = made;
    const bus: Any = made.get('eventBus');
    const stack: Any = made.get('commandStack');
    const send = async () => {
      const { xml: written = '' } = await made.saveXML({ format: true });
      if (!alive || written === latest.current) return;
      latest.current = written;
      told.current.onChange(written);
    };
    bus.on('commandStack.changed', () => {
      told.current.onSteps({ undo: stack.canUndo(), redo: stack.canRedo() });
      clearTimeout(waiting);
      waiting = setTimeout(() => void send(), SETTLE_MS);
    });
    (made.get('commandStack') as Any).registerHandler('lineshaft.layout', LayoutHandler);
    // Shown anew in another language: with what was drawn since.
    drawable(latest.current)
      .then((written) => (alive ? made.importXML(written) : undefined))
      .then(() => {
        if (!alive) return;
        (made.get('elementTemplatesLoader') as Any).setTemplates(templates);
        fit(made.get('canvas'), READABLE);
        told.current.onTrouble(undefined);
        setDrawn((count) => count + 1);
      })
      .catch((problem: unknown) => {
        if (alive) told.current.onTrouble(problem instanceof Error ? problem.message : String(problem));
      });
    return () => {
      alive = false;
      clearTimeout(waiting);
      made.destroy();
      modeler.current = undefined;
      setDrawn(0);
    };
  }, [language, templates]);

  useEffect(() => {
    const made = modeler.current;
    if (!made || drawn === 0) return;
    const canvas: Any = made.get('canvas');
    const overlays: Any = made.get('overlays');
    const registry: Any = made.get('elementRegistry');
    const marked: [string, string][] = [];
    const byElement = new Map<string, Painted[]>();
    for (const each of findings) byElement.set(each.element, [...(byElement.get(each.element) ?? []), each]);
    for (const [id, own] of byElement) {
      const element = registry.get(id);
      if (!element) continue;
      const worst = own.some((each) => each.severity === 'error') ? 'error' : 'warning';
      if (element !== canvas.getRootElement()) {
        canvas.addMarker(id, `finding-${worst}`);
        marked.push([id, `finding-${worst}`]);
        if (!element.waypoints) overlays.add(id, 'finding', { position: { top: -12, right: 12 }, html: badge(worst, own) });
      }
    }
    host.current?.setAttribute('data-painted', String(marked.length));
    return () => {
      if (modeler.current !== made) return;
      overlays.remove({ type: 'finding' });
      for (const [id, name] of marked) if (registry.get(id)) canvas.removeMarker(id, name);
    };
  }, [drawn, findings]);

  useImperativeHandle(handle, () => ({
    undo: () => (modeler.current?.get('commandStack') as Any)?.undo(),
    redo: () => (modeler.current?.get('commandStack') as Any)?.redo(),
    layout: async () => {
      const made = modeler.current;
      if (!made) return;
      const { xml: written = '' } = await made.saveXML();
      const anew = await (made.get('moddle') as Any).fromXML(await arranged(written));
      (made.get('commandStack') as Any).execute('lineshaft.layout', { arranged: anew.rootElement });
      fit(made.get('canvas'));
    },
    fit: () => modeler.current && fit(modeler.current.get('canvas')),
    show: (id) => {
      const made = modeler.current;
      const element = (made?.get('elementRegistry') as Any)?.get(id);
      if (!made || !element) return;
      (made.get('canvas') as Any).scrollToElement(element, 120);
      (made.get('selection') as Any).select(element);
    },
    xml: async () => {
      // What stands in a field that is being typed in counts too.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      await new Promise((done) => setTimeout(done, SETTLE_MS));
      const written = await modeler.current?.saveXML({ format: true });
      return written?.xml ?? latest.current;
    },
  }));

  return (
    <div className="modeler" data-ready={drawn > 0 ? 'modeler' : undefined}>
      <div ref={host} className="modeler-paper" role="region" aria-label={t('design.canvas', { title })} />
      <aside ref={panel} className="modeler-panel" aria-label={t('design.properties')} />
    </div>
  );
}

function badge(worst: 'error' | 'warning', own: Painted[]): HTMLElement {
  const made = document.createElement('span');
  made.className = `finding-badge ${worst}`;
  made.textContent = worst === 'error' ? `✕ ${own.length}` : `! ${own.length}`;
  made.title = own.map((each) => each.text).join('\n');
  return made;
}
