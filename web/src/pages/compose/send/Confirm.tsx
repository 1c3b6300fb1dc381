/** The last question before many people are written to: whoever answers it has read how many. */

import {
    Button,
    Dialog,
    DialogActions,
    DialogBody,
    DialogContent,
    DialogSurface,
    DialogTitle,
    Field,
    Input,
    MessageBar,
    MessageBarBody,
    MessageBarTitle,
    makeStyles,
    Spinner,
    tokens,
} from "@fluentui/react-components";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { format, usePeople } from "../../../ui/format";
import { Trouble } from "../../../ui/Trouble";
import type { Counted } from "../audience/dryRun";
import { useDraft } from "../draft";
import { useHour } from "./hour";
import { type Deed, useRelease } from "./useRelease";

/** So few are not typed: a slip would reach hardly anybody. */
const TYPED_FROM = 10;

const useStyles = makeStyles({
    content: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
    facts: {
        display: "grid",
        gridTemplateColumns: "auto minmax(0, 1fr)",
        gap: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalL}`,
        margin: 0,
        "> dt": { color: tokens.colorNeutralForeground2 },
        "> dd": { margin: 0, overflowWrap: "anywhere", fontWeight: tokens.fontWeightSemibold },
    },
    field: { maxWidth: "340px" },
});

type Props = { deed: Deed; counted: Counted; onClose(): void };

export function Confirm({ deed, counted, onClose }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    const { manuscript } = useDraft();
    const hour = useHour();
    const { release, isPending, error, isDoubtful } = useRelease(deed);
    const button = useRef<HTMLButtonElement>(null);
    const { run, again } = counted;
    const count = run?.reachable ?? 0;
    const [seen] = useState(count);
    const [typed, setTyped] = useState("");
    const [isTold, setTold] = useState(false);
    const isTyped = deed !== "submit" && count >= TYPED_FROM;
    const isRight = !isTyped || digits(typed) === String(count);
    const isPosted = run !== undefined && run.posts.length > 0;
    const who = isPosted ? run.posts.join(", ") : people(count);
    const isMore = manuscript.channel === "feed" || manuscript.channel === "both";
    const act = isPosted && deed === "send" ? "post" : deed;

    // Somebody may have joined since it was counted.
    // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the question is put.
    useEffect(() => void again(), []);

    // Enter confirms where nothing is typed. A moment later than the dialog, which takes its first button.
    useEffect(() => {
        if (isTyped) return;
        const frame = requestAnimationFrame(() => button.current?.focus());
        return () => cancelAnimationFrame(frame);
    }, [isTyped]);

    const confirm = (event: FormEvent) => {
        event.preventDefault();
        if (isPending) return;
        if (!isRight) return setTold(true);
        release();
    };
    return (
        <Dialog open modalType="modal" onOpenChange={(_, { open }) => !open && !isPending && onClose()}>
            <DialogSurface>
                <form onSubmit={confirm} noValidate>
                    <DialogBody>
                        <DialogTitle>{t(`send.confirm.${act}.title`, { people: who })}</DialogTitle>
                        <DialogContent className={styles.content}>
                            <dl className={styles.facts}>
                                <dt>{t("send.confirm.what")}</dt>
                                <dd>{manuscript.title}</dd>
                                <dt>{t(isPosted ? "send.confirm.where" : "send.confirm.whom")}</dt>
                                <dd>{who}</dd>
                                {isMore && (
                                    <>
                                        <dt>{t("send.confirm.where")}</dt>
                                        <dd>{t(`send.confirm.${manuscript.channel === "feed" ? "feed" : "both"}`)}</dd>
                                    </>
                                )}
                                <dt>{t("send.confirm.when")}</dt>
                                <dd>{hour ? hour.sentence : t(`send.confirm.${act}.now`)}</dd>
                                {manuscript.urgent && (
                                    <>
                                        <dt>{t("send.confirm.how")}</dt>
                                        <dd>{t("send.urgent.label")}</dd>
                                    </>
                                )}
                            </dl>
                            <div aria-live="polite">
                                {count !== seen && (
                                    <MessageBar intent="warning" layout="multiline">
                                        <MessageBarBody>
                                            {t("send.confirm.changed", { now: people(count), before: people(seen) })}
                                        </MessageBarBody>
                                    </MessageBar>
                                )}
                            </div>
                            {isTyped && (
                                <Field
                                    className={styles.field}
                                    label={t("send.confirm.type", { number: format.number(count) })}
                                    validationMessage={
                                        isTold && !isRight
                                            ? t("send.confirm.other", { number: format.number(count) })
                                            : undefined
                                    }
                                >
                                    <Input
                                        value={typed}
                                        onChange={(_, { value }) => setTyped(value)}
                                        inputMode="numeric"
                                        autoComplete="off"
                                        size="large"
                                    />
                                </Field>
                            )}
                            {isDoubtful ? (
                                <MessageBar intent="warning" layout="multiline" politeness="assertive">
                                    <MessageBarBody>
                                        <MessageBarTitle>{t(`send.confirm.${act}.doubt`)}</MessageBarTitle>{" "}
                                        {t("send.confirm.doubt_hint")}
                                    </MessageBarBody>
                                </MessageBar>
                            ) : (
                                <Trouble error={error} />
                            )}
                        </DialogContent>
                        <DialogActions>
                            <Button onClick={onClose} disabled={isPending}>
                                {t("common.cancel")}
                            </Button>
                            <Button
                                ref={button}
                                type="submit"
                                appearance="primary"
                                disabledFocusable={isPending}
                                icon={isPending ? <Spinner size="tiny" /> : undefined}
                            >
                                {isDoubtful
                                    ? t("common.retry")
                                    : hour && act !== "submit"
                                      ? t(`send.confirm.${act}.schedule`)
                                      : t(`send.confirm.${act}.do`)}
                            </Button>
                        </DialogActions>
                    </DialogBody>
                </form>
            </DialogSurface>
        </Dialog>
    );
}

/** However a language sets its thousands apart. */
const digits = (text: string) => text.replace(/[\s.,'’\u00a0\u202f]/g, "");
