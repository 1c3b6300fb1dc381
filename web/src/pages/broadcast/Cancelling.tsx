/** Before a broadcast is cancelled: what that means, and how many have it already. */

import { Body1, Text } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { BroadcastDocument, BroadcastReport } from "../../api/types";
import { format } from "../../ui/format";
import { Ask } from "./Ask";
import { useCounted } from "./counted";
import { useWish } from "./deeds";
import { may, roundNow, shown } from "./progress";

type Props = { document: BroadcastDocument; report: BroadcastReport; close: () => void };

export function Cancelling({ document, report, close }: Props) {
    const { t } = useTranslation();
    const counted = useCounted(report.channels);
    const cancel = useWish(document.id, "cancel");
    const { sent, unconfirmed, pending } = shown(report);
    const round = roundNow(report);
    const isFirst = round === undefined || round.kind === "send" || round.kind === "prepare";
    const numbers = { reached: counted(sent), pending: counted(pending) };
    const meaning = () => {
        if (report.state === "scheduled" || (report.state === "missed" && !report.started_at))
            return t("broadcast.deed.cancelling.scheduled");
        if (!isFirst) return t("broadcast.deed.cancelling.round", numbers);
        if (sent + unconfirmed === 0) return t("broadcast.deed.cancelling.none");
        return t("broadcast.deed.cancelling.some", numbers);
    };
    return (
        <Ask
            title={t(`broadcast.deed.cancelling.title_of.${isFirst ? "send" : round.kind}`)}
            yes={t(isFirst ? "broadcast.deed.cancelling.yes" : "broadcast.deed.cancelling.stop")}
            no={t(isFirst ? "broadcast.deed.cancelling.no" : "broadcast.deed.cancelling.go_on")}
            isReady
            isPending={cancel.isPending}
            error={cancel.error}
            act={() => cancel.mutate(undefined, { onSuccess: close })}
            close={close}
        >
            <Body1>{meaning()}</Body1>
            {isFirst && unconfirmed > 0 && (
                <Text>
                    {t("broadcast.result.doubted", { count: unconfirmed, formatted: format.number(unconfirmed) })}
                </Text>
            )}
            {isFirst && sent > 0 && <Text>{t("broadcast.deed.cancelling.recall")}</Text>}
            {may(document, "pause") && <Text>{t("broadcast.deed.cancelling.pause_instead")}</Text>}
        </Ask>
    );
}
