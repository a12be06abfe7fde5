// The one component that draws decisions: dmn-js with its views of requirements, tables and expressions.
// The bpmn.io mark in the corner stays free.
import DmnModeler, { type DmnView } from 'dmn-js/lib/Modeler';
import 'dmn-js/dist/assets/diagram-js.css';
import 'dmn-js/dist/assets/dmn-font/css/dmn.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression-controls.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression.css';
import 'dmn-js/dist/assets/dmn-js-decision-table-controls.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import 'dmn-js/dist/assets/dmn-js-drd.css';
import 'dmn-js/dist/assets/dmn-js-literal-expression.css';
import 'dmn-js/dist/assets/dmn-js-shared.css';
import { Alert, Segmented } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useLanguage } from '../i18n';
import './dmn.css';
import { translateDmnZh } from './dmnZh';
import { fromDrawn, toDrawn, versionOf } from './dmnVersions';

interface Props {
  /** What to begin with; another model is another component (`key`). */
  xml: string;
  title: string;
  onChange: (xml: string) => void;
  onTrouble: (problem: string | undefined) => void;
}

export default function DmnModel({ xml, title, onChange, onTrouble }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const place = useRef<HTMLDivElement>(null);
  const modeler = useRef<DmnModeler>(undefined);
  const [views, setViews] = useState<DmnView[]>([]);
  const [shown, setShown] = useState<string>();
  const [isPartial, setPartial] = useState(false);
  const told = useRef({ onChange, onTrouble });
  told.current = { onChange, onTrouble };

  useEffect(() => {
    if (!place.current) return;
    // What is typed counts at once: who turns to the tables then would lose the last word.
    const own = { debounceInput: false, additionalModules: language === 'zh' ? [{ translate: ['value', translateDmnZh] }] : [] };
    const made = new DmnModeler({
      container: place.current,
      height: '100%',
      width: '100%',
      drd: own,
      decisionTable: own,
      literalExpression: own,
      boxedExpression: own,
    });
    modeler.current = made;
    const listening = new WeakSet<object>();
    const version = versionOf(xml);
    let isWhole = false;
    let keeping: Promise<void> = Promise.resolve();
    const keep = () => {
      // What could not be shown would be lost.
      if (!isWhole) return;
      keeping = made
        .saveXML({ format: true })
        .then(({ xml: written }) => told.current.onChange(fromDrawn(written, version)))
        .catch((problem: Error) => told.current.onTrouble(problem.message));
    };
    made.on('views.changed', ({ views: all, activeView }) => {
      setViews(all.map(({ element, id, name, type }) => ({ element, id, name, type })));
      setShown(activeView?.id);
      const viewer = made.getActiveViewer();
      // Each view has a history of its own; it is listened to once.
      if (viewer && !listening.has(viewer)) {
        listening.add(viewer);
        viewer.on('commandStack.changed', keep);
      }
    });
    made
      .importXML(toDrawn(xml))
      .then(({ warnings }) => {
        isWhole = warnings.length === 0;
        setPartial(!isWhole);
        told.current.onTrouble(undefined);
      })
      .catch((problem: Error) => told.current.onTrouble(problem.message));
    return () => void keeping.finally(() => made.destroy());
    // What is drawn is not replaced while somebody draws.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const show = (id: string) => {
    const wanted = modeler.current?.getViews().find((each) => each.id === id);
    if (wanted) void modeler.current?.open(wanted);
  };
  return (
    <div className="dmn-model" data-ready={views.length ? 'dmn' : undefined}>
      {isPartial && <Alert type="warning" showIcon title={t('design.dmn.partial')} />}
      {views.length > 1 && (
        <Segmented
          aria-label={t('design.dmn.views')}
          value={shown ?? ''}
          onChange={show}
          options={views.map((each) => ({ value: each.id, label: each.type === 'drd' ? t('design.dmn.drd') : (each.name ?? each.id) }))}
        />
      )}
      <div ref={place} className="dmn-canvas" role="application" aria-label={t('design.canvas', { title })} />
    </div>
  );
}
