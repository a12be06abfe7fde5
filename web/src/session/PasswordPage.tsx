// The first password was somebody else's: before anything else one's own is chosen.
import { Button, Card, Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';

import { useChoosePassword } from '../api/people';
import { Trouble } from '../widgets/Trouble';

export function PasswordPage() {
  const { t } = useTranslation();
  const choose = useChoosePassword();
  return (
    <div className="sign-in" data-ready="choose-password">
      <main>
        <Card className="narrow">
          <h1>{t('session.choose')}</h1>
          <p className="lead">{t('session.chooseWhy')}</p>
          {choose.error && <Trouble error={choose.error} />}
          <Form
            layout="vertical"
            onFinish={(given: { current: string; fresh: string; code?: string }) =>
              choose.mutate({ current: given.current, new: given.fresh, code: given.code ?? null })
            }
          >
            <Form.Item name="current" label={t('session.current')} rules={[{ required: true }]}>
              <Input.Password autoComplete="current-password" />
            </Form.Item>
            <Form.Item name="fresh" label={t('session.fresh')} extra={t('session.freshRule')} rules={[{ required: true }]}>
              <Input.Password autoComplete="new-password" />
            </Form.Item>
            <Form.Item
              name="again"
              label={t('session.again')}
              dependencies={['fresh']}
              rules={[
                ({ getFieldValue }) => ({
                  validator: (_, value) =>
                    value === getFieldValue('fresh') ? Promise.resolve() : Promise.reject(new Error(t('session.notSame'))),
                }),
              ]}
            >
              <Input.Password autoComplete="new-password" />
            </Form.Item>
            <Button type="primary" htmlType="submit" loading={choose.isPending} block>
              {t('session.keep')}
            </Button>
          </Form>
        </Card>
      </main>
    </div>
  );
}
