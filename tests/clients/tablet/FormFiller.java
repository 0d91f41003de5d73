package tablet;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.IDataReference;
import org.javarosa.core.model.ValidateOutcome;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.instance.FormInstance;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.core.services.transport.payload.ByteArrayPayload;
import org.javarosa.core.util.PropertyUtils;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.model.xform.XFormSerializingVisitor;
import org.javarosa.model.xform.XPathReference;
import org.javarosa.xform.parse.XFormParser;
import org.javarosa.xform.util.XFormUtils;

/**
 * Fills a form from beginning to end, or opens a sent one again to edit it, and finalises it.
 *
 * <p>Re-creates C13 (edits: deprecatedID in the last child of meta, in no namespace, a new instanceID, all
 * attachments again), C14 (serialisation is JavaRosa's own), D7 (last-saved), E6 (known entities versions) and
 * audit.csv of C5.
 */
final class FormFiller {
    private static final int MAX_STEPS = 200_000; // a form that does not end
    private static final int MAX_REPAIRS = 25;

    private final Options options;
    private final Engine engine;
    private final Instances instances;
    private final EntityLists lists;
    private final Questions questions;
    private final JsonNode answers;
    private final Events events;

    FormFiller(Options options, Engine engine, Instances instances, EntityLists lists, Questions questions,
        Events events) throws IOException {
        this.options = options;
        this.engine = engine;
        this.instances = instances;
        this.lists = lists;
        this.questions = questions;
        this.events = events;
        this.answers = options.answers == null ? Events.JSON.createObjectNode()
            : Events.JSON.readTree(options.answers.toFile());
    }

    Path fill(DeviceForm form) throws Exception {
        return complete(open(form, false), () -> { });
    }

    /** Open a sent instance in the form as it is now, change a few answers, and finalise it as an edit. */
    Path edit(DeviceForm form, Path sent) throws Exception {
        Filling filling = open(form, true);
        return complete(filling, () -> restore(filling, sent));
    }

    private interface Restoration {
        void run() throws Exception;
    }

    private Filling open(DeviceForm form, boolean isEdit) throws Exception {
        if (form.entitiesVersion != null && !form.entitiesVersion.matches("(2022|2023|2024|2025)\\.1.*"))
            throw new IllegalStateException("UnrecognizedEntityVersion " + form.entitiesVersion);
        engine.open(form);
        if (!Files.exists(form.lastSaved())) Disk.write(form.lastSaved(), Instances.stub());
        FormDef definition = XFormUtils.getFormFromFormXml(form.file.toString(), "jr://file/last-saved.xml");
        JsonNode wanted = answers.has(form.formId) ? answers.get(form.formId) : answers;
        Filling filling = new Filling(form, definition, wanted, instances.create(form), isEdit);
        engine.addFunctions(filling.controller);
        return filling;
    }

    private void restore(Filling filling, Path sent) throws Exception {
        for (Path file : Instances.attachments(sent)) Disk.copy(file, filling.folder().resolve(Disk.name(file)));
        TreeElement saved = XFormParser.restoreDataModel(Files.readAllBytes(sent), null).getRoot();
        FormInstance instance = filling.definition.getInstance();
        TreeElement root = instance.getRoot().deepCopy(true);
        root.populate(saved, filling.definition);
        instance.setName(null);
        instance.setRoot(root);
    }

    private Path complete(Filling filling, Restoration restoration) throws Exception {
        long start = System.currentTimeMillis();
        restoration.run();
        filling.definition.initialize(!filling.isEdit, new InstanceInitializationFactory());
        walk(filling);
        boolean isValid = repair(filling);
        filling.controller.finalizeFormEntry();
        List<FormEntity> entities = FormEntity.of(filling.form, filling.definition.getMainInstance());
        String deprecatedId = filling.isEdit ? deprecate(filling.meta()) : null;
        save(filling);
        String instanceId = instanceId(filling);
        if (filling.form.publicKey != null) Encryption.seal(filling.form, filling.xml, instanceId);
        lists.apply(entities);
        instances.describe(filling.xml, filling.form);
        events.report(filling.isEdit ? "edit" : "fill", "ok", isValid && instanceId != null,
            "form_id", filling.form.formId, "version", filling.form.version,
            "instance_id", instanceId, "deprecated_id", deprecatedId,
            "file", filling.xml.toString(), "xml_bytes", Files.size(filling.xml),
            "answered", filling.answered, "attachments", filling.files, "encrypted", filling.form.publicKey != null,
            "entities", entities, "skipped", filling.skipped, "problems", filling.problems,
            "ms", System.currentTimeMillis() - start);
        return filling.xml;
    }

    private void walk(Filling filling) throws Exception {
        FormEntryController controller = filling.controller;
        controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
        Map<String, Integer> counts = new HashMap<>();
        for (int step = 0; step < MAX_STEPS; step++) {
            int event = controller.stepToNextEvent();
            FormIndex index = controller.getModel().getFormIndex();
            if (event == FormEntryController.EVENT_END_OF_FORM) return;
            if (event == FormEntryController.EVENT_PROMPT_NEW_REPEAT) {
                if (index.getElementMultiplicity() < wantedRepeats(filling, index, counts)) controller.newRepeat();
            } else if (event == FormEntryController.EVENT_QUESTION) {
                long since = System.currentTimeMillis();
                questions.answer(filling, filling.isEdit ? Questions.Effort.EDIT : Questions.Effort.NEW);
                filling.logQuestion(index.getReference(), since);
            }
        }
        throw new IllegalStateException("the form does not end");
    }

    private int wantedRepeats(Filling filling, FormIndex index, Map<String, Integer> counts) {
        TreeReference repeat = index.getReference();
        String key = repeat.getParentRef().toString(true) + "|" + repeat.toString(false);
        Integer known = counts.get(key);
        if (known != null) return known;
        JsonNode given = filling.wantedCount(repeat);
        int wanted = filling.isEdit ? index.getElementMultiplicity()
            : given != null && given.isInt() ? given.asInt() : questions.upTo(Math.max(1, options.maxRepeats));
        counts.put(key, wanted);
        return wanted;
    }

    /** Answer again what validation refuses, as the person would be made to; false when it cannot be made valid. */
    private boolean repair(Filling filling) throws Exception {
        ValidateOutcome outcome = filling.definition.validate(true);
        for (int i = 0; !isGood(outcome) && outcome.failedPrompt != null && i < MAX_REPAIRS; i++) {
            filling.controller.jumpToIndex(outcome.failedPrompt);
            if (filling.controller.getModel().getEvent() != FormEntryController.EVENT_QUESTION) break;
            questions.answer(filling, Questions.Effort.REPAIR);
            outcome = filling.definition.validate(true);
        }
        if (!isGood(outcome))
            filling.problems.add("still invalid: " + outcome.failedPrompt.getReference() + " outcome "
                + outcome.outcome);
        return isGood(outcome);
    }

    private static boolean isGood(ValidateOutcome outcome) {
        return outcome == null || outcome.outcome == FormEntryController.ANSWER_OK;
    }

    private static String deprecate(TreeElement meta) {
        TreeElement instanceId = meta.getFirstChild("instanceID"), deprecatedId = new TreeElement("deprecatedID");
        meta.addChild(deprecatedId);
        deprecatedId.setAnswer(instanceId.getValue());
        String deprecated = instanceId.getValue().getDisplayText();
        instanceId.setAnswer(new StringData("uuid:" + PropertyUtils.genUUID()));
        return deprecated;
    }

    private void save(Filling filling) throws IOException {
        TreeElement meta = filling.meta();
        if (meta != null && meta.getChildrenWithName("audit").size() == 1) {
            meta.getFirstChild("audit").setValue(new StringData("audit.csv"));
            Disk.write(filling.folder().resolve("audit.csv"), filling.auditLog());
        }
        FormDef form = filling.definition;
        IDataReference reference = form.getSubmissionProfile() != null ? form.getSubmissionProfile().getRef()
            : new XPathReference("/");
        var whole = new XFormSerializingVisitor(false).createSerializedPayload(form.getInstance());
        Disk.write(filling.form.lastSaved(), bytes((ByteArrayPayload) whole));
        var submission = new XFormSerializingVisitor().createSerializedPayload(form.getInstance(), reference);
        Disk.write(filling.xml, bytes((ByteArrayPayload) submission));
        Instances.deleteOrphans(filling.xml);
    }

    private static byte[] bytes(ByteArrayPayload payload) throws IOException {
        try (InputStream in = payload.getPayloadStream()) {
            return in.readAllBytes();
        }
    }

    private static String instanceId(Filling filling) {
        TreeElement meta = filling.meta(), id = meta == null ? null : meta.getFirstChild("instanceID");
        if (id != null && id.getValue() != null) return id.getValue().getDisplayText();
        filling.problems.add("no instanceID");
        return null;
    }
}
