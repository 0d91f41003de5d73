package tablet;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.kxml2.kdom.Element;

/**
 * A form on the tablet, with what Collect reads from its XML at download.
 *
 * <p>Re-creates B4 and B9 (id, version, title, submission element) and E6 (entities version, saveto).
 */
final class DeviceForm {
    private static final String ENTITIES = "http://www.opendatakit.org/xforms/entities";

    String formId;
    String version;
    String name;
    String submissionUri;
    String publicKey;
    String entitiesVersion;
    boolean isClientEditable;
    /** From nodeset to entity property. */
    final Map<String, String> saveTo = new LinkedHashMap<>();
    /** Nodesets. */
    final Set<String> repeats = new HashSet<>();

    Path file;
    String md5;
    long date;
    /** Hidden: no longer offered by the server, kept for the instances that need it (B11). */
    boolean isDeleted;

    static DeviceForm parse(byte[] xml) throws IOException {
        Element html = OpenRosaXml.read(xml).getRootElement();
        Element head = html.getElement(null, "head"), model = head.getElement(null, "model");
        DeviceForm form = new DeviceForm();
        form.name = String.valueOf(head.getElement(null, "title").getChild(0));
        form.entitiesVersion = model.getAttributeValue(ENTITIES, "entities-version");
        form.readInstance(OpenRosaXml.children(model).stream().filter(e -> e.getName().equals("instance")).findFirst()
            .orElseThrow());
        for (Element element : OpenRosaXml.children(model)) {
            if (element.getName().equals("submission")) form.readSubmission(element);
            if (element.getName().equals("bind")) form.readBind(element);
        }
        form.findRepeats(html.getElement(null, "body"));
        return form;
    }

    Path mediaFolder() {
        return file.resolveSibling(Disk.name(file).replaceFirst("\\.xml$", "-media"));
    }

    Path lastSaved() {
        return mediaFolder().resolve("last-saved.xml");
    }

    /** Only 2024.1 and 2025.1 have entities that live on the tablet before the server knows them (E6). */
    boolean hasOfflineEntities() {
        return entitiesVersion != null && entitiesVersion.matches("(2024|2025)\\.1.*");
    }

    private void readInstance(Element instance) {
        Element root = OpenRosaXml.children(instance).get(0);
        formId = root.getAttributeValue(null, "id");
        version = root.getAttributeValue(null, "version");
        if (version != null && version.isBlank()) version = null;
    }

    private void readSubmission(Element submission) {
        submissionUri = submission.getAttributeValue(null, "action");
        publicKey = submission.getAttributeValue(null, "base64RsaPublicKey");
        for (int i = 0; i < submission.getAttributeCount(); i++) // in any namespace
            if (submission.getAttributeName(i).equals("client-editable"))
                isClientEditable = Boolean.parseBoolean(submission.getAttributeValue(i));
    }

    private void readBind(Element bind) {
        String property = bind.getAttributeValue(ENTITIES, "saveto");
        if (property != null) saveTo.put(bind.getAttributeValue(null, "nodeset"), property);
    }

    private void findRepeats(Element parent) {
        for (Element child : OpenRosaXml.children(parent)) {
            if (child.getName().equals("repeat")) repeats.add(child.getAttributeValue(null, "nodeset").trim());
            findRepeats(child);
        }
    }
}
