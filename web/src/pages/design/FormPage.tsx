// A form as a list of fields, with what it will look like in the inbox beside it.
import { ArrowDownOutlined, ArrowUpOutlined, CloudUploadOutlined, DeleteOutlined, DownloadOutlined, PlusOutlined } from '@ant-design/icons';
import { Alert, App, Button, Dropdown, Form, Skeleton, Space } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';

import { type DesignText, type Draft, useDesignFile, useFormPreview } from '../../api/design';
import { useMay } from '../../api/session';
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { TaskFields } from '../inbox/TaskFields';
import '../inbox/inbox.css';
import { ConflictAlert } from './ConflictAlert';
import './design.css';
import { ComponentPanel } from './form/ComponentPanel';
import { type Component as Part, formOf, freeKey, nameOf, textOf, TYPES, type Type } from './form/components';
import './form/form.css';
import { PublishDialog } from './PublishDialog';
import { download, useDraft } from './useDraft';

export function Component() {
  const { name = '' } = useParams();
  const path = `forms/${name}`;
  const file = useDesignFile(path);
  if (file.isPending) return <Skeleton active className="panel padded" paragraph={{ rows: 12 }} />;
  if (!file.data) return file.error && <Trouble error={file.error} retry={() => void file.refetch()} />;
  return <Editor key={path} file={file.data} />;
}

function Editor({ file }: { file: DesignText }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const mayDraw = useMay('deploy');
  const mayPublish = useMay('releases.publish');
  const work = useDraft(file);
  const form = useMemo(() => formOf(work.text), [work.text]);
  const preview = useFormPreview(file.path, work.text);
  const [chosen, choose] = useState(0);
  const [publishing, setPublishing] = useState<Draft>();
  const put = (components: Part[]) => form && work.change(textOf({ ...form, components }));
  const publish = async () => {
    const kept = work.state === 'saved' && work.draft ? work.draft : await work.save();
    if (kept) setPublishing(kept);
  };
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
    <div data-ready={form ? 'form' : undefined}>
      <PageHead title={file.path.replace(/^.*\/|\.\w+$/g, '')} about={t('form.about')}>
        <span className={`design-save ${work.state}`} role="status" data-save={work.state}>{t(`design.save.${work.state}`)}</span>
        <Button icon={<DownloadOutlined />} aria-label={t('design.download')} onClick={() => download(file.path.replace(/^.*\//, ''), work.text)} />
        {mayPublish && (
          <Button
            type="primary"
            icon={<CloudUploadOutlined />}
            onClick={() => void publish()}
            disabled={work.state === 'conflict' || preview.isFetching || preview.error !== null}
            data-action="publish"
          >
            {t('design.publish')}
          </Button>
        )}
      </PageHead>
      {!mayDraw && <Alert type="info" showIcon title={t('design.readOnly')} />}
      {work.state === 'conflict' && <ConflictAlert work={work} path={file.path} onTheirs={() => work.takeTheirs()} />}
      {work.error && <Trouble error={work.error} retry={() => void work.save()} />}
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
      {publishing && (
        <PublishDialog
          draft={publishing}
          active={file.active}
          twoPersons={file.two_persons}
          errors={0}
          close={() => setPublishing(undefined)}
          onDone={(status) => {
            void message.success(t(status === 'proposed' ? 'design.proposed' : 'design.published'));
            void navigate('/design');
          }}
        />
      )}
    </div>
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
