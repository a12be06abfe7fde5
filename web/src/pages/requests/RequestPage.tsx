// One form by which a process is begun; what came of it is in the inbox, under what one has started.
import { Button, Form, Result, Skeleton } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';

import { useOffer, useRequest } from '../../api/requests';
import { useLanguage } from '../../i18n';
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { AskedField } from '../inbox/AskedField';
import { typed } from '../inbox/TaskFields';
import './requests.css';

/** Also where the page came without encryption, as in many a plant. */
const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (each) => each.toString(16).padStart(2, '0')).join('');

export function Component() {
  const { process = '' } = useParams();
  const [round, next] = useState(0);
  return <Request key={`${process}-${round}`} process={process} again={() => next(round + 1)} />;
}

function Request({ process, again }: { process: string; again: () => void }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const offer = useOffer(process);
  const request = useRequest(process);
  const [key] = useState(newKey);
  const [form] = Form.useForm<Record<string, unknown>>();
  if (offer.error) return <Trouble error={offer.error} retry={() => void offer.refetch()} />;
  if (!offer.data) return <Skeleton active paragraph={{ rows: 6 }} />;
  const title = offer.data.title[language];
  const { fields } = offer.data.form;
  if (request.data)
    return (
      <Result
        status="success"
        title={t('requests.begun', { title })}
        subTitle={t('requests.begunAbout')}
        data-ready="begun"
        extra={[
          <Link key="started" to="/tasks?box=started">
            <Button type="primary">{t('requests.look')}</Button>
          </Link>,
          <Button key="again" onClick={again}>
            {t('requests.again')}
          </Button>,
        ]}
      />
    );
  return (
    <>
      <PageHead title={title} />
      <Form
        form={form}
        layout="vertical"
        className="panel request"
        data-ready="request"
        onFinish={(filled) => request.mutate({ variables: typed(fields, filled), key })}
      >
        {fields.map((field) =>
          field.kind === 'note' ? (
            <p key={field.key} className="soft">
              {field.label[language]}
            </p>
          ) : (
            <AskedField key={field.key} field={field} given={undefined} />
          ),
        )}
        {request.error && <Trouble error={request.error} />}
        <Button type="primary" htmlType="submit" size="large" block loading={request.isPending} data-action="begin">
          {t('requests.send')}
        </Button>
      </Form>
    </>
  );
}
