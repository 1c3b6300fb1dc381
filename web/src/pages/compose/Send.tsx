/** Sending, from top to bottom: what, to whom, when, how; try it first; and then the button. */

import { makeStyles } from "@fluentui/react-components";
import { useDryRun } from "./audience/dryRun";
import { useDraft } from "./draft";
import { How } from "./send/How";
import { useLacking } from "./send/lacking";
import { Release } from "./send/Release";
import { Try } from "./send/Try";
import { What } from "./send/What";
import { When } from "./send/When";
import { Whom } from "./send/Whom";

const useStyles = makeStyles({ page: { maxWidth: "760px" } });

export function Send() {
    const styles = useStyles();
    const counted = useDryRun();
    const { validation, isReadOnly } = useDraft();
    const lacks = useLacking(counted);
    const areWordsRight = validation !== undefined && !lacks.some(({ step }) => step === "words");
    return (
        <div className={styles.page}>
            <What />
            <Whom counted={counted} />
            <When />
            <How />
            {!isReadOnly && <Try canTry={areWordsRight} />}
            <Release counted={counted} lacks={lacks} />
        </div>
    );
}
