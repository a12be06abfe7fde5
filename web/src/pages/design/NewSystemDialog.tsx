// A new system begins with its manifest: made from an OpenAPI description, or from a first page to fill in.
import { UploadOutlined } from '@ant-design/icons';
import { Button, Form, Input, Modal, Upload } from 'antd';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';

import { useNewDraft } from '../../api/design';
import { useManifestDraft } from '../../api/systemSettings';
import { Trouble } from '../../widgets/Trouble';
import { blankManifest } from './blank';

interface Wish {
  name: string;
  openapi?: string;
  only?: string;
}

export function NewSystemDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const make = useNewDraft();
  const drafting = useManifestDraft();
  const [form] = Form.useForm<Wish>();
  const keep = (name: string, text: string) => {
    const path = `systems/${name}.yaml`;
    make.mutate({ path, text }, { onSuccess: () => void navigate(`/design/${path}`) });
  };
  const begin = ({ name, openapi = '', only = '' }: Wish) => {
    if (openapi.trim() === '') return keep(name, blankManifest(name));
    const parts = only.split(/[\s,，]+/).filter(Boolean);
    drafting.mutate({ name, openapi, only: parts }, { onSuccess: ({ manifest }) => keep(name, manifest) });
  };
  const take = (file: File) => {
    void file.text().then((text) => form.setFieldValue('openapi', text));
    return false;
  };
  const error = drafting.error ?? make.error;
  return (
    <Modal
      open
      width={640}
      title={t('design.newSystem')}
      okText={t('design.begin')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: drafting.isPending || make.isPending }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {error && <Trouble error={error} />}
      <Form<Wish> form={form} layout="vertical" onFinish={begin}>
        <Form.Item
          name="name"
          label={t('design.systemName')}
          extra={t('design.systemNameAbout')}
          rules={[{ required: true, pattern: /^[a-z][a-z0-9_]{0,59}$/, message: t('design.systemNameAbout') }]}
        >
          <Input maxLength={60} className="mono" autoFocus />
        </Form.Item>
        <Form.Item name="openapi" label={t('design.openapi')} extra={t('design.openapiAbout')}>
          <Input.TextArea rows={6} className="mono" spellCheck={false} />
        </Form.Item>
        <Form.Item>
          <Upload accept=".json,.yaml,.yml" showUploadList={false} beforeUpload={take}>
            <Button icon={<UploadOutlined />}>{t('design.openapiFile')}</Button>
          </Upload>
        </Form.Item>
        <Form.Item name="only" label={t('design.only')} extra={t('design.onlyAbout')}>
          <Input maxLength={400} className="mono" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
