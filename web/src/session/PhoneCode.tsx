// A code of one's own phone besides the password: shown as a picture, counted from the first right code on.
import { Button, Form, Input, Modal, QRCode, Typography } from 'antd';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';

import { useConfirmCode, useOfferCode } from '../api/people';
import { Once } from '../widgets/Once';
import { Trouble } from '../widgets/Trouble';

export function PhoneCode({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const { mutate: ask, ...offer } = useOfferCode();
  const confirm = useConfirmCode();
  useEffect(() => ask(), [ask]);
  const trouble = offer.error ?? confirm.error;
  return (
    <Modal open title={t('session.phone')} footer={null} onCancel={close} data-ready="phone-code">
      {trouble && <Trouble error={trouble} />}
      {confirm.data ? (
        <>
          <Once title={t('session.recovery')} value={confirm.data.recovery_codes.join(' ')} />
          <Button type="primary" onClick={close}>
            {t('common.confirm')}
          </Button>
        </>
      ) : (
        offer.data && (
          <>
            <p>{t('session.phoneWhy')}</p>
            <QRCode value={offer.data.address} bordered={false} type="svg" />
            <Typography.Paragraph>
              <Typography.Text code copyable>
                {offer.data.secret}
              </Typography.Text>
            </Typography.Paragraph>
            <Form
              layout="inline"
              onFinish={({ code }: { code: string }) => confirm.mutate({ offer: offer.data.offer, code: code.trim() })}
            >
              <Form.Item name="code" rules={[{ required: true }]}>
                <Input placeholder={t('session.code')} aria-label={t('session.code')} autoComplete="one-time-code" />
              </Form.Item>
              <Button type="primary" htmlType="submit" loading={confirm.isPending}>
                {t('session.keep')}
              </Button>
            </Form>
          </>
        )
      )}
    </Modal>
  );
}
