package tablet;

import java.util.List;

/** A form as the server's formList and manifest offer it (B1, D1). */
final class ServerForm {
    String formId;
    String name;
    String version;
    String hash;
    String downloadUrl;
    String manifestUrl;
    /** Null when there is no manifest, or when it could not be read: the tablet makes no difference (D1). */
    List<MediaFile> media;
    /** New, OnDevice, UpdatedVersion, UpdatedHash or UpdatedMedia (B8). */
    String type;

    static final class MediaFile {
        String name;
        String hash;
        String url;
        /** entityList or approvalEntityList, else null (E1). */
        String type;
        String integrityUrl;

        /** List name = file name up to .csv (E1). */
        String listName() {
            int end = name.indexOf(".csv");
            return end < 0 ? name : name.substring(0, end);
        }
    }
}
