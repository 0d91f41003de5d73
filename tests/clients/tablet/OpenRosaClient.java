package tablet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.kxml2.kdom.Element;

/**
 * Reads what the server says in OpenRosa: formList, manifest, integrity.
 *
 * <p>Re-creates A3 (all trailing slashes go), B1 to B5 and B7 (form list), D1 to D4 (manifest; its failure is
 * swallowed) and E7 (integrity).
 */
final class OpenRosaClient {
    private static final String LIST = "http://openrosa.org/xforms/xformsList";
    private static final String MANIFEST = "http://openrosa.org/xforms/xformsManifest";

    private final String baseUrl;
    private final OpenRosaXml xml;
    private final Events events;

    OpenRosaClient(Options options, OpenRosaXml xml, Events events) {
        this.baseUrl = options.baseUrl.replaceAll("/+$", "");
        this.xml = xml;
        this.events = events;
    }

    List<ServerForm> formList() throws IOException, InterruptedException {
        Element root = xml.fetch(baseUrl + "/formList");
        OpenRosaXml.requireRoot(root, "xforms", LIST);
        List<ServerForm> forms = new ArrayList<>();
        for (Element xform : OpenRosaXml.children(root, LIST, "xform")) forms.add(form(xform));
        return forms;
    }

    private static ServerForm form(Element xform) throws IOException {
        ServerForm form = new ServerForm();
        for (Element child : OpenRosaXml.children(xform, LIST)) {
            switch (child.getName()) {
                case "formID" -> form.formId = OpenRosaXml.text(child);
                case "name" -> form.name = OpenRosaXml.text(child);
                case "version" -> form.version = OpenRosaXml.text(child);
                case "downloadUrl" -> form.downloadUrl = OpenRosaXml.text(child);
                case "manifestUrl" -> form.manifestUrl = OpenRosaXml.text(child);
                case "hash" -> {
                    String hash = OpenRosaXml.hash(child);
                    form.hash = hash.startsWith("md5:") ? hash.substring(4) : null;
                }
                default -> { }
            }
        }
        if (form.formId == null || form.downloadUrl == null || form.name == null)
            throw new IOException("an xform without formID, name or downloadUrl: Collect rejects the whole list");
        return form;
    }

    /** Any failure is swallowed: the form is handled as one without media (D1). The test is told all the same. */
    List<ServerForm.MediaFile> media(ServerForm form) {
        try {
            return form.manifestUrl == null ? null : manifest(form.manifestUrl);
        } catch (Exception e) {
            events.reportFailure("manifest", form.formId, e);
            return null;
        }
    }

    private List<ServerForm.MediaFile> manifest(String url) throws IOException, InterruptedException {
        Element root = xml.fetch(url);
        OpenRosaXml.requireRoot(root, "manifest", MANIFEST);
        List<ServerForm.MediaFile> media = new ArrayList<>();
        for (Element element : OpenRosaXml.children(root, MANIFEST, "mediaFile")) media.add(mediaFile(element, url));
        return media;
    }

    private ServerForm.MediaFile mediaFile(Element element, String url) throws IOException {
        ServerForm.MediaFile media = new ServerForm.MediaFile();
        String type = element.getAttributeValue(null, "type");
        media.type = "entityList".equals(type) || "approvalEntityList".equals(type) ? type : null;
        for (Element child : OpenRosaXml.children(element, MANIFEST)) {
            switch (child.getName()) {
                case "filename" -> media.name = baseName(OpenRosaXml.text(child));
                case "hash" -> media.hash = mediaHash(OpenRosaXml.hash(child), url);
                case "downloadUrl" -> media.url = OpenRosaXml.text(child);
                case "integrityUrl" -> media.integrityUrl = OpenRosaXml.text(child);
                default -> { }
            }
        }
        if (media.name == null || media.url == null || media.hash == null)
            throw new IOException(
                "a mediaFile without filename, hash or downloadUrl: Collect rejects the whole manifest");
        return media;
    }

    private static String baseName(String filename) {
        return filename == null ? null : filename.substring(filename.lastIndexOf('/') + 1);
    }

    /** The first four characters are dropped unchecked (D4). */
    private String mediaHash(String hash, String url) {
        if (!hash.startsWith("md5:"))
            events.report("warning", "url", url, "message", "manifest hash without md5: prefix: " + hash);
        return hash.substring(4);
    }

    /** Ask which of these entities, made on this tablet, the server has deleted. */
    List<String> deletedAmong(List<String> ids, String integrityUrl) throws IOException, InterruptedException {
        Element data = xml.fetch(Http.withParameter(integrityUrl, "id", String.join(",", ids)));
        if (!data.getName().equals("data")) throw new IOException("integrity root must be data");
        Element entities = data.getElement(null, "entities");
        List<String> deleted = new ArrayList<>();
        int texts = 0;
        for (int i = 0; i < entities.getChildCount(); i++) {
            Element entity = entities.getElement(i);
            if (entity == null) texts++; // Collect has no guard here: white space would end its reading
            else if (isDeleted(entity)) deleted.add(entity.getAttributeValue(null, "id"));
        }
        if (texts > 0)
            events.report("warning", "url", integrityUrl, "message", "integrity answer: " + texts
                + " text node(s) between the entities; Collect cannot read this");
        return deleted;
    }

    private static boolean isDeleted(Element entity) {
        return entity.getName().equals("entity") && "true".equals(entity.getElement(null, "deleted").getChild(0));
    }
}
