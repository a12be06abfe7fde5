// What can be drawn: processes and decision tables of the active release, all drafts; and the releases there were.
import { ApiOutlined, PlusOutlined, UploadOutlined } from '@ant-design/icons';
import { Button, Form, Input, Modal, Segmented, Space, Table, Tabs, Upload } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';

import { type DesignFile, useDesignFiles, useDiscardDraft, useNewDraft } from '../../api/design';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { Moment } from '../../widgets/time';
import { BLANK, type Kind } from './blank';
import './design.css';
import { History } from './History';
import { NewSystemDialog } from './NewSystemDialog';

const DRAWN = /^(processes\/.+\.bpmn|decisions\/.+\.dmn|forms\/.+\.form|(?!.*\.tests\.)mappings\/.+\.yaml|systems\/.+\.yaml)$/;

export function DesignPage() {
  const { t } = useTranslation();
  const mayDraw = useMay('deploy');
  const files = useDesignFiles();
  const [making, setMaking] = useState<'process' | 'system'>();
  return (
    <>
      <PageHead title={t('menu.design')} about={t('design.about')}>
        {mayDraw && (
          <Space>
            <Button icon={<ApiOutlined />} onClick={() => setMaking('system')} data-action="new-system">
              {t('design.newSystem')}
            </Button>
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking('process')} data-action="new">
              {t('design.new')}
            </Button>
          </Space>
        )}
      </PageHead>
      {making === 'process' && <NewDialog close={() => setMaking(undefined)} />}
      {making === 'system' && <NewSystemDialog close={() => setMaking(undefined)} />}
      <section className="panel">
        <Tabs
          className="run-tabs"
          items={[
            {
              key: 'files',
              label: t('design.definitions'),
              children: (
                <Listing query={files} isEmpty={({ items }) => drawn(items).length === 0} empty={t('design.none')}>
                  {({ items }) => <Files rows={drawn(items)} />}
                </Listing>
              ),
            },
            { key: 'history', label: t('design.history'), children: <History active={files.data?.active ?? null} twoPersons={files.data?.two_persons ?? false} /> },
          ]}
        />
      </section>
    </>
  );
}

const drawn = (items: DesignFile[]) => items.filter((each) => DRAWN.test(each.path));

function Files({ rows }: { rows: DesignFile[] }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const mayDraw = useMay('deploy');
  const mayRule = useMay('decisions.change');
  const discard = useDiscardDraft();
  return (
    <>
      {discard.error && <Trouble error={discard.error} />}
      <Table<DesignFile>
        size="small"
        rowKey="path"
        pagination={false}
        dataSource={rows}
        data-ready="design-files"
        columns={[
          {
            title: t('design.name'),
            render: (_, row) => (
              <Link to={`/design/${row.path}`} data-file={row.path}>
                {row.names.map((each) => each.title[language]).join(' · ') || row.path.replace(/^.*\/|\.\w+$/g, '')}
              </Link>
            ),
          },
          { title: t('design.file'), render: (_, row) => <code>{row.path}</code> },
          {
            title: t('design.state'),
            width: 200,
            render: (_, row) => (
              <Space size={4} wrap>
                {row.released && <span className="design-tag released">{t('design.released')}</span>}
                {row.draft && <span className="design-tag draft">{t('design.draft')}</span>}
                {row.changed_below && <span className="design-tag below">{t('design.changedBelow')}</span>}
              </Space>
            ),
          },
          {
            title: t('design.changed'),
            width: 220,
            render: (_, row) => row.draft && (<>{row.draft.changed_by} · <Moment at={row.draft.changed_at} /></>),
          },
          {
            title: '',
            width: 120,
            render: (_, row) =>
              row.draft && (mayDraw || (mayRule && row.path.startsWith('decisions/'))) && (
                <Button
                  size="small"
                  danger
                  onClick={() =>
                    Modal.confirm({
                      title: t('design.discardTitle', { path: row.path }),
                      content: t('design.discardAbout'),
                      okText: t('design.discard'),
                      okButtonProps: { danger: true },
                      cancelText: t('common.cancel'),
                      onOk: () => row.draft && discard.mutateAsync({ path: row.path, etag: row.draft.etag }).catch(() => undefined),
                    })
                  }
                >
                  {t('design.discard')}
                </Button>
              ),
          },
        ]}
      />
    </>
  );
}

interface Wish {
  id: string;
  name: string;
  from?: string;
  to?: string;
}

function NewDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const make = useNewDraft();
  const [form] = Form.useForm<Wish>();
  const [kind, setKind] = useState<Kind>('process');
  const begin = (path: string, text: string) =>
    make.mutate({ path, text }, { onSuccess: () => void navigate(`/design/${path}`) });
  const take = (file: File) => {
    const name = file.name.replace(/[^\w.-]+/g, '-').toLowerCase();
    void file.text().then((text) => begin(`processes/${name.replace(/(\.bpmn)?(\.xml)?$/, '.bpmn')}`, text));
    return false;
  };
  return (
    <Modal
      open
      title={t('design.new')}
      okText={t('design.begin')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: make.isPending }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {make.error && <Trouble error={make.error} />}
      <Form<Wish>
        form={form}
        layout="vertical"
        onFinish={({ id, name, from = '', to = '' }) => begin(BLANK[kind].path(id), BLANK[kind].text(id, name, from, to))}
      >
        <Form.Item label={t('design.kind')}>
          <Segmented<Kind>
            aria-label={t('design.kind')}
            value={kind}
            onChange={setKind}
            options={(['process', 'mapping', 'form', 'decision'] as const).map((value) => ({ value, label: t(`design.kinds.${value}`) }))}
          />
        </Form.Item>
        <Form.Item name="name" label={t('design.bothNames')} extra={t('design.bothNamesAbout')} rules={[{ required: true, whitespace: true, message: t('design.nameMissing') }]}>
          <Input maxLength={120} autoFocus />
        </Form.Item>
        <Form.Item name="id" label={t('design.id')} extra={t('design.idAbout')} rules={[{ required: true, pattern: /^[a-z][a-z0-9-]{1,60}$/, message: t('design.idAbout') }]}>
          <Input maxLength={60} className="mono" />
        </Form.Item>
        {kind === 'mapping' &&
          (['from', 'to'] as const).map((name) => (
            <Form.Item key={name} name={name} label={t(`design.${name}`)} extra={t('design.recordAbout')} rules={[{ required: true, pattern: /^[a-z][\w.]*$/, message: t('design.recordAbout') }]}>
              <Input maxLength={80} className="mono" />
            </Form.Item>
          ))}
      </Form>
      {kind === 'process' && <Upload accept=".bpmn,.xml" showUploadList={false} beforeUpload={take}>
        <Button icon={<UploadOutlined />}>{t('design.upload')}</Button>
      </Upload>}
    </Modal>
  );
}

export const Component = DesignPage;
