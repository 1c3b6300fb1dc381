/** Before one that missed its hour is sent after all: to how many, and whether its words still hold. */

import { Body1, Text } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Summary } from "../../api/types";
import { Ask } from "./Ask";
import { useCounted } from "./counted";
import type { useWish } from "./deeds";
import { useMeantHour } from "./hour";

type Props = { report: Summary; start: ReturnType<typeof useWish>; close: () => void };

export function Starting({ report, start, close }: Props) {
    const { t } = useTranslation();
    const counted = useCounted(report.channels);
    const hour = useMeantHour();
    const { expected, schedule } = report;
    return (
        <Ask
            title={t("broadcast.deed.starting.title")}
            yes={t("broadcast.deed.resume_missed")}
            isReady
            isPending={start.isPending}
            error={start.error}
            act={() => start.mutate(undefined, { onSuccess: close })}
            close={close}
        >
            {typeof expected === "number" && (
                <Body1>{t("broadcast.deed.starting.whom", { people: counted(expected) })}</Body1>
            )}
            {schedule && (
                <Text>
                    {t("broadcast.deed.starting.hour", hour(schedule))} {t("broadcast.deed.starting.words")}
                </Text>
            )}
        </Ask>
    );
}
