// A form as a list of fields, with what it will look like in the inbox beside it.
import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Alert, Button, Dropdown, Form, Space } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type DesignText, useFormPreview } from '../../api/design';
import { useMay } from '../../api/session';
import { Trouble } from '../../widgets/Trouble';
import { TaskFields } from '../inbox/TaskFields';
import '../inbox/inbox.css';
import { DraftFrame, Opened } from './DraftFrame';
import { ComponentPanel } from './form/ComponentPanel';
import { type Component as Part, formOf, freeKey, nameOf, textOf, TYPES, type Type } from './form/components';
import './form/form.css';
import { useDraft } from './useDraft';

export function Component() {
  return <Opened folder="forms" show={(file) => <Editor key={file.path} file={file} />} />;
}

function Editor({ file }: { file: DesignText }) {
  const { t } = useTranslation();
  const mayDraw = useMay('deploy');
  const work = useDraft(file);
  const form = useMemo(() => formOf(work.text), [work.text]);
  const preview = useFormPreview(file.path, work.text);
  const [chosen, choose] = useState(0);
  const put = (components: Part[]) => form && work.change(textOf({ ...form, components }));
  const add = (type: Type) => {
    if (!form) return;
    const key = freeKey(form, type === 'text' ? 'note' : 'field');
    const words = t(`form.types.${type}`);
    const made: Part = type === 'text' ? { type, id: key, text: words } : { type, key, label: words };
    put([...form.components, made]);
    choose(form.components.length);
  };
  const part = form?.components[chosen];
  return (
    <DraftFrame
      file={file}
      work={work}
      about={t('form.about')}
      ready={form ? 'form' : undefined}
      mayChange={mayDraw}
      errors={0}
      blocked={preview.isFetching || preview.error !== null}
    >
      {!form && <Alert type="error" showIcon title={t('design.unreadable')} />}
      {form && (
        <div className="form-body">
          <section className="panel form-parts" aria-label={t('form.fields')}>
            <h2>{t('form.fields')}</h2>
            <ol>
              {form.components.map((each, index) => (
                <li key={index}>
                  <button type="button" aria-current={index === chosen} onClick={() => choose(index)} data-part={each.key ?? each.id ?? index}>
                    <span>{nameOf(each)}</span>
                    <span className="soft mono">{each.key ?? each.type}</span>
                  </button>
                </li>
              ))}
            </ol>
            {mayDraw && <Acts parts={form.components} chosen={chosen} onChange={put} onChoose={choose} />}
            {mayDraw && (
              <Dropdown trigger={['click']} menu={{ items: TYPES.map((key) => ({ key, label: t(`form.types.${key}`) })), onClick: ({ key }) => add(key as Type) }}>
                <Button size="small" icon={<PlusOutlined />} data-action="add-part">{t('form.add')}</Button>
              </Dropdown>
            )}
          </section>
          <section className="panel padded" aria-label={t('form.properties')}>
            <h2>{t('form.properties')}</h2>
            {part ? (
              <ComponentPanel component={part} readOnly={!mayDraw} onChange={(next) => put(form.components.map((each, at) => (at === chosen ? next : each)))} />
            ) : (
              <p className="soft">{t('form.none')}</p>
            )}
          </section>
          <section className="panel padded" aria-label={t('form.preview')}>
            <h2>{t('form.preview')}</h2>
            {preview.error && <Trouble error={preview.error} />}
            {preview.data && (
              <Form layout="vertical" requiredMark className="task-form" data-ready="preview">
                <TaskFields fields={preview.data.fields} values={samples(preview.data.fields)} readonly={false} picture={() => ''} />
              </Form>
            )}
          </section>
        </div>
      )}
    </DraftFrame>
  );
}

/** What stands where a task would have a value: three points, so that its place can be seen. */
function samples(fields: { key: string; readonly: boolean; kind: string }[]): Record<string, unknown> {
  const shown = fields.filter((each) => each.readonly && each.kind !== 'note' && each.kind !== 'image');
  return Object.fromEntries(shown.map((each) => [each.key, each.kind === 'table' ? [] : '…']));
}

function Acts({ parts, chosen, onChange, onChoose }: { parts: Part[]; chosen: number; onChange: (parts: Part[]) => void; onChoose: (at: number) => void }) {
  const { t } = useTranslation();
  const move = (by: number) => {
    const made = [...parts];
    const [moved] = made.splice(chosen, 1);
    if (moved) made.splice(chosen + by, 0, moved);
    onChange(made);
    onChoose(chosen + by);
  };
  return (
    <Space.Compact size="small">
      <Button aria-label={t('mapping.up')} icon={<ArrowUpOutlined />} disabled={chosen <= 0} onClick={() => move(-1)} />
      <Button aria-label={t('mapping.down')} icon={<ArrowDownOutlined />} disabled={chosen >= parts.length - 1} onClick={() => move(1)} />
      <Button
        danger
        aria-label={t('mapping.remove')}
        icon={<DeleteOutlined />}
        disabled={!parts[chosen]}
        onClick={() => {
          onChange(parts.filter((_, at) => at !== chosen));
          onChoose(Math.max(0, chosen - 1));
        }}
        data-action="remove-part"
      />
    </Space.Compact>
  );
}
